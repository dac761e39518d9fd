import { flag, list, measured, number, object, oneOf, optional, whole } from '@selfjudge/base/checks';
import type { RopeScaling } from './rope.js';

/** The shape of a Llama-family model, in our own terms: independent of the file it came from. */
export interface ModelConfig {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  /** Query heads; a multiple of `kvHeads`. */
  heads: number;
  kvHeads: number;
  /** Even: rotary embedding turns pairs. */
  headDim: number;
  vocabSize: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** Absent: plain rotary embedding. */
  ropeScaling?: RopeScaling;
  /** The longest path, in tokens. */
  maxPositions: number;
  /** One matrix is both the embedding table and the head. */
  tieWordEmbeddings: boolean;
  bosTokenId?: number;
  eosTokenIds: number[];
  padTokenId?: number;
  /** Biases on q, k, v and o. */
  attentionBias?: boolean;
  /** Biases on gate, up and down. */
  mlpBias?: boolean;
}

/** The linear layers of a block, in the order of their module numbers. */
export const LINEARS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LinearName = (typeof LINEARS)[number];

/** [out, in] of a linear layer. */
export function linearShape(config: ModelConfig, name: LinearName): [number, number] {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
  switch (name) {
    case 'q_proj':
      return [heads * headDim, hiddenSize];
    case 'k_proj':
    case 'v_proj':
      return [kvHeads * headDim, hiddenSize];
    case 'o_proj':
      return [hiddenSize, heads * headDim];
    case 'gate_proj':
    case 'up_proj':
      return [intermediateSize, hiddenSize];
    case 'down_proj':
      return [hiddenSize, intermediateSize];
  }
}

/** The module's name in transformers: `model.layers.3.self_attn.q_proj`. */
export function linearPath(layer: number, name: LinearName): string {
  const block = LINEARS.indexOf(name) < 4 ? 'self_attn' : 'mlp';
  return `model.layers.${layer}.${block}.${name}`;
}

export function hasBias(config: ModelConfig, name: LinearName): boolean {
  return (LINEARS.indexOf(name) < 4 ? config.attentionBias : config.mlpBias) ?? false;
}

/** One tensor of a model: its name in transformers and its shape. Matrices become weights, the rest vectors. */
export interface ParameterSpec {
  name: string;
  shape: number[];
}

/**
 * Every tensor of a model of this shape, in the order of the forward pass. One after another: a file may claim any
 * number of layers, and who looks for their tensors finds out at the first that is missing.
 */
export function* parameterSpecs(config: ModelConfig): Generator<ParameterSpec> {
  const { hiddenSize, vocabSize } = config;
  yield { name: 'model.embed_tokens.weight', shape: [vocabSize, hiddenSize] };
  for (let layer = 0; layer < config.layers; layer++) {
    yield { name: `model.layers.${layer}.input_layernorm.weight`, shape: [hiddenSize] };
    for (const name of LINEARS.slice(0, 4)) yield* linearSpecs(config, layer, name);
    yield { name: `model.layers.${layer}.post_attention_layernorm.weight`, shape: [hiddenSize] };
    for (const name of LINEARS.slice(4)) yield* linearSpecs(config, layer, name);
  }
  yield { name: 'model.norm.weight', shape: [hiddenSize] };
  if (!config.tieWordEmbeddings) yield { name: 'lm_head.weight', shape: [vocabSize, hiddenSize] };
}

function* linearSpecs(config: ModelConfig, layer: number, name: LinearName): Generator<ParameterSpec> {
  const path = linearPath(layer, name);
  const shape = linearShape(config, name);
  yield { name: `${path}.weight`, shape };
  if (hasBias(config, name)) yield { name: `${path}.bias`, shape: [shape[0]] };
}

const POSITIVE = [
  'hiddenSize',
  'intermediateSize',
  'layers',
  'heads',
  'kvHeads',
  'headDim',
  'vocabSize',
  'maxPositions',
] as const;

/** The types of a config's fields; `configProblem` tells what their values must be. */
export const isConfig = object({
  ...Object.fromEntries([...POSITIVE, 'rmsNormEps', 'ropeTheta'].map((key) => [key, measured])),
  eosTokenIds: list(whole()),
  tieWordEmbeddings: flag,
  attentionBias: optional(flag),
  mlpBias: optional(flag),
  bosTokenId: optional(whole()),
  padTokenId: optional(whole()),
  ropeScaling: optional(object({ type: oneOf('linear', 'llama3', 'yarn'), factor: number({ above: 0 }) })),
});

/**
 * A file's pad token, which only a tokenizer uses: some name one that the model was never given a row for.
 *
 * @param where the file, for the warning
 */
export function padToken(
  id: number | undefined,
  vocabSize: number,
  where: string,
  warn: (message: string) => void,
): number | undefined {
  if (id === undefined || id < vocabSize) return id;
  warn(`${where}: pad token ${id} is past the ${vocabSize} rows of the table, and taken as none`);
  return undefined;
}

/** What is wrong with a config as a sentence "expected ..., received ...", or undefined. */
export function configProblem(config: ModelConfig): { expected: string; received: string } | undefined {
  for (const key of POSITIVE) {
    const n = config[key];
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31 - 1) {
      return { expected: `${key} a positive whole number`, received: String(n) };
    }
  }
  if (config.heads % config.kvHeads !== 0) {
    return { expected: 'heads a multiple of kvHeads', received: `${config.heads} and ${config.kvHeads}` };
  }
  if (config.headDim % 2 !== 0) return { expected: 'an even headDim', received: String(config.headDim) };
  if (!(config.rmsNormEps > 0 && config.rmsNormEps < 1)) {
    return { expected: 'rmsNormEps between 0 and 1', received: String(config.rmsNormEps) };
  }
  if (!(config.ropeTheta > 0 && Number.isFinite(config.ropeTheta))) {
    return { expected: 'a positive ropeTheta', received: String(config.ropeTheta) };
  }
  const ids = [config.bosTokenId, config.padTokenId, ...config.eosTokenIds].filter((id) => id !== undefined);
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabSize);
  if (wrong !== undefined) {
    return { expected: `token ids from 0 to ${config.vocabSize - 1}`, received: String(wrong) };
  }
  return undefined;
}
