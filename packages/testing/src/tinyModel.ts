import type { ModelConfig } from '@selfjudge/engine';
import { Model } from '@selfjudge/engine';
import { byteTokenizer } from '@selfjudge/text';
import type { Tokenizer } from '@selfjudge/text';

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
export function tinyModel(change: Partial<ModelConfig> = {}, dtype: 'float32' | 'bf16' = 'float32'): Model {
  return Model.init({ ...tinyConfig, ...change }, { dtype, seed: 1 });
}

/**
 * A random model over bytes that can be asked to answer and to judge: width 32, ' A' and ' B' single tokens.
 * @param options.config what is to be otherwise; of maxPositions the plain judge template alone takes some 300
 */
export function byteModel({
  seed = 1,
  tokenizer = byteTokenizer({ words: [' A', ' B'] }),
  config = {},
}: { seed?: number; tokenizer?: Tokenizer; config?: Partial<ModelConfig> } = {}): Model {
  const whole: ModelConfig = {
    ...tinyConfig,
    hiddenSize: 32,
    intermediateSize: 48,
    vocabSize: tokenizer.vocabSize,
    maxPositions: 2048,
    eosTokenIds: tokenizer.eos,
    ...config,
  };
  return Model.init(whole, { dtype: 'float32', seed, tokenizer });
}
