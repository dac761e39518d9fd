import type { ModelConfig } from '../model/config.js';
import { LlamaModel } from '../model/llama.js';

/** Two layers, grouped heads, a few thousand parameters: the smallest model with every part of a real one. */
export const tinyConfig: ModelConfig = {
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  vocabSize: 50,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxPositions: 256,
  tieWordEmbeddings: true,
  eosTokenIds: [2],
};

/** A random model of the tiny shape. */
export function tinyModel(
  change: Partial<ModelConfig> = {},
  dtype: 'float32' | 'bf16' = 'float32',
): LlamaModel {
  return LlamaModel.init({ ...tinyConfig, ...change }, { dtype, seed: 1 });
}
