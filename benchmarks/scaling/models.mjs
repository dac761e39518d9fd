// Random models of three widths; one vocabulary, so that width alone makes them differ.
const shape = (hiddenSize, layers, heads, kvHeads, intermediateSize) => ({
  hiddenSize,
  intermediateSize,
  layers,
  heads,
  kvHeads,
  headDim: 64,
  vocabSize: 49_152,
  rmsNormEps: 1e-5,
  ropeTheta: 100_000,
  maxPositions: 8192,
  tieWordEmbeddings: true,
  eosTokenIds: [2],
});

export const MODELS = {
  'SmolLM2-135M': shape(576, 30, 9, 3, 1536),
  'SmolLM2-360M': shape(960, 32, 15, 5, 2560),
  '1B-shaped': shape(2048, 16, 32, 8, 8192),
};
