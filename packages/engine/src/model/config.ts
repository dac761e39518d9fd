import { flag, list, measured, number, object, oneOf, optional, whole } from '@selfjudge/base/checks';
import { ACTIVATIONS, type Activation } from '../tensor/ops/swiglu.js';
import type { RopeScaling } from './rope.js';

/** How the layers of one kind see and turn what they attend to. */
export interface LayerType {
  /** The rotary table that turns queries and keys: the model's, a second one (`localRope`), or none. */
  rope: 'global' | 'local' | 'none';
  /** Keys a query sees, its own included; absent: its whole path. */
  window?: number;
}

/**
 * The shape of a decoder of the Llama kind, in our own terms: all that computing with it takes, whatever family its files
 * are of. What is absent is as in Llama.
 */
export interface ModelConfig {
  /** Whose names its files have, a transformers model_type: one of `FAMILIES`. Default 'llama'. */
  family?: string;
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
  /** Biases on q, k and v. */
  qkvBias?: boolean;
  /** A bias on o. */
  oBias?: boolean;
  /** Biases on gate, up and down. */
  mlpBias?: boolean;
  /**
   * Where a block's norms stand: before each branch ('pre', the default), on what a branch adds ('post', OLMo 2), or both
   * ('sandwich', Gemma).
   */
  normPlacement?: 'pre' | 'post' | 'sandwich';
  /** A norm multiplies by this plus its weight: 0, the default, or 1 (Gemma). */
  normOffset?: 0 | 1;
  /** Norms of queries and keys before they are rotated: of each head, or of all heads at once. */
  qkNorm?: 'head' | 'all';
  /** Of the gate. Default 'silu'. */
  activation?: Activation;
  /** One a layer, in order. Absent: all rotate by the model's table and see their whole path. */
  layerTypes?: readonly LayerType[];
  /** The second rotary table, of the layers that are 'local'. */
  localRope?: { theta: number; scaling?: RopeScaling };
  /** Dimensions of a head that rotate, the first ones; even. Absent: all. */
  rotaryDim?: number;
  /** Embeddings are multiplied by this, rounded to the dtype that the weights are computed in. */
  embeddingScale?: number;
  /** Scores are multiplied by this. Default: 1 / sqrt(headDim). */
  attentionScale?: number;
  /** What a branch adds is multiplied by this. */
  residualScale?: number;
  /** Logits are multiplied by this. */
  logitScale?: number;
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

export function hasBias({ qkvBias, oBias, mlpBias }: ModelConfig, name: LinearName): boolean {
  const at = LINEARS.indexOf(name);
  return (at < 3 ? qkvBias : at === 3 ? oBias : mlpBias) ?? false;
}

/** The norms of a block, by where they stand. */
export type BlockNorm = 'beforeAttention' | 'afterAttention' | 'beforeMlp' | 'afterMlp';

/** transformers' names of a block's norms, by their placement. */
export const BLOCK_NORMS: Readonly<
  Record<NonNullable<ModelConfig['normPlacement']>, Partial<Record<BlockNorm, string>>>
> = {
  pre: { beforeAttention: 'input_layernorm', beforeMlp: 'post_attention_layernorm' },
  post: { afterAttention: 'post_attention_layernorm', afterMlp: 'post_feedforward_layernorm' },
  sandwich: {
    beforeAttention: 'input_layernorm',
    afterAttention: 'post_attention_layernorm',
    beforeMlp: 'pre_feedforward_layernorm',
    afterMlp: 'post_feedforward_layernorm',
  },
};

/** What scores are multiplied by before the softmax. */
export function attentionScale({ attentionScale: scale, headDim }: ModelConfig): number {
  return scale ?? 1 / Math.sqrt(headDim);
}

/** Keys that the queries of a layer see, their own included, or undefined: their whole path. */
export function windowOf({ layerTypes }: ModelConfig, layer: number): number | undefined {
  return layerTypes?.[layer].window;
}

/** The windows that layers have, each once; undefined for those without. */
export function windowsOf({ layerTypes }: ModelConfig): (number | undefined)[] {
  return layerTypes === undefined ? [undefined] : [...new Set(layerTypes.map(({ window }) => window))];
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
  const norms = BLOCK_NORMS[config.normPlacement ?? 'pre'];
  for (let layer = 0; layer < config.layers; layer++) {
    const norm = function* (at: BlockNorm): Generator<ParameterSpec> {
      if (norms[at] !== undefined)
        yield { name: `model.layers.${layer}.${norms[at]}.weight`, shape: [hiddenSize] };
    };
    yield* norm('beforeAttention');
    for (const name of LINEARS.slice(0, 4)) yield* linearSpecs(config, layer, name);
    yield* headNormSpecs(config, layer);
    yield* norm('afterAttention');
    yield* norm('beforeMlp');
    for (const name of LINEARS.slice(4)) yield* linearSpecs(config, layer, name);
    yield* norm('afterMlp');
  }
  yield { name: 'model.norm.weight', shape: [hiddenSize] };
  if (!config.tieWordEmbeddings) yield { name: 'lm_head.weight', shape: [vocabSize, hiddenSize] };
}

function* headNormSpecs(
  { qkNorm, headDim, heads, kvHeads }: ModelConfig,
  layer: number,
): Generator<ParameterSpec> {
  if (qkNorm === undefined) return;
  const size = (count: number) => [qkNorm === 'head' ? headDim : count * headDim];
  yield { name: `model.layers.${layer}.self_attn.q_norm.weight`, shape: size(heads) };
  yield { name: `model.layers.${layer}.self_attn.k_norm.weight`, shape: size(kvHeads) };
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

const isScaling = optional(
  object({
    type: oneOf('linear', 'dynamic', 'llama3', 'yarn', 'longrope'),
    factor: optional(number({ above: 0 })),
  }),
);
const scale = optional(number({ above: 0 }));

/** The types of a config's fields; `configProblem` tells what their values must be. */
export const isConfig = object({
  ...Object.fromEntries([...POSITIVE, 'rmsNormEps', 'ropeTheta'].map((key) => [key, measured])),
  eosTokenIds: list(whole()),
  tieWordEmbeddings: flag,
  qkvBias: optional(flag),
  oBias: optional(flag),
  mlpBias: optional(flag),
  bosTokenId: optional(whole()),
  padTokenId: optional(whole()),
  ropeScaling: isScaling,
  normPlacement: optional(oneOf('pre', 'post', 'sandwich')),
  normOffset: optional(oneOf(0, 1)),
  qkNorm: optional(oneOf('head', 'all')),
  activation: optional(oneOf(...ACTIVATIONS)),
  layerTypes: optional(list(object({ rope: oneOf('global', 'local', 'none'), window: optional(whole(1)) }))),
  localRope: optional(object({ theta: number({ above: 0 }), scaling: isScaling })),
  rotaryDim: optional(whole(2)),
  embeddingScale: scale,
  attentionScale: scale,
  residualScale: scale,
  logitScale: scale,
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
  const { layerTypes, rotaryDim = config.headDim } = config;
  if (layerTypes !== undefined && layerTypes.length !== config.layers)
    return { expected: `layerTypes of ${config.layers} layers`, received: String(layerTypes.length) };
  if (config.localRope === undefined && layerTypes?.some(({ rope }) => rope === 'local'))
    return { expected: 'localRope, which layers of layerTypes rotate by', received: 'none' };
  if (rotaryDim % 2 !== 0 || rotaryDim < 2 || rotaryDim > config.headDim)
    return { expected: `an even rotaryDim of at most ${config.headDim}`, received: String(rotaryDim) };
  const ids = [config.bosTokenId, config.padTokenId, ...config.eosTokenIds].filter((id) => id !== undefined);
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabSize);
  if (wrong !== undefined) {
    return { expected: `token ids from 0 to ${config.vocabSize - 1}`, received: String(wrong) };
  }
  return undefined;
}
