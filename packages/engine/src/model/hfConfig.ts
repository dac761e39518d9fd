import { FileFormatError } from '@selfjudge/base';
import { configProblem, type ModelConfig } from './config.js';
import { yarnAttentionFactor, type RopeScaling } from './rope.js';

type Json = Record<string, unknown>;

/**
 * A model's shape from transformers' config.json: LlamaForCausalLM and MistralForCausalLM without a sliding window.
 * Anything that would change the maths and is not implemented is refused by name.
 *
 * @param path named in errors
 * @param generation generation_config.json where there is one: it may list more end tokens
 * @throws FileFormatError
 */
export function configFromHf(json: unknown, path: string, generation?: unknown): ModelConfig {
  const source = object(json) ?? fail(path, 'a JSON object', json);
  refuse(source, path);
  const heads = count(source, 'num_attention_heads', path);
  const hiddenSize = count(source, 'hidden_size', path);
  const maxPositions = count(source, 'max_position_embeddings', path, 2048);
  // transformers 5 moved theta and scaling into rope_parameters.
  const rope = object(source.rope_parameters) ?? object(source.rope_scaling) ?? {};
  const theta = rope.rope_theta ?? source.rope_theta ?? 10000;
  const config: ModelConfig = {
    hiddenSize,
    intermediateSize: count(source, 'intermediate_size', path),
    layers: count(source, 'num_hidden_layers', path),
    heads,
    kvHeads: count(source, 'num_key_value_heads', path, heads),
    headDim: count(source, 'head_dim', path, hiddenSize / heads),
    vocabSize: count(source, 'vocab_size', path),
    rmsNormEps: number(source.rms_norm_eps ?? 1e-6, 'rms_norm_eps', path),
    ropeTheta: number(theta, 'rope_theta', path),
    ropeScaling: ropeScaling(rope, path, maxPositions),
    maxPositions,
    tieWordEmbeddings: source.tie_word_embeddings === true,
    bosTokenId: ids(source.bos_token_id, 'bos_token_id', path)[0],
    eosTokenIds: [
      ...new Set([
        ...ids(source.eos_token_id, 'eos_token_id', path),
        ...ids(object(generation)?.eos_token_id, 'eos_token_id of generation_config.json', path),
      ]),
    ],
    // -1 and "none" both occur for a missing pad token.
    padTokenId: source.pad_token_id === -1 ? undefined : ids(source.pad_token_id, 'pad_token_id', path)[0],
    attentionBias: source.attention_bias === true,
    mlpBias: source.mlp_bias === true,
  };
  const problem = configProblem(config);
  if (problem !== undefined) fail(path, problem.expected, problem.received);
  return config;
}

/** config.json as transformers 4 and 5 and PEFT read it. */
export function configToHf(config: ModelConfig, dtype: 'float32' | 'bf16'): Json {
  const eos = config.eosTokenIds;
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    vocab_size: config.vocabSize,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    rope_scaling: scalingToHf(config.ropeScaling),
    max_position_embeddings: config.maxPositions,
    tie_word_embeddings: config.tieWordEmbeddings,
    bos_token_id: config.bosTokenId ?? null,
    eos_token_id: eos.length === 0 ? null : eos.length === 1 ? eos[0] : eos,
    pad_token_id: config.padTokenId ?? null,
    attention_bias: config.attentionBias ?? false,
    mlp_bias: config.mlpBias ?? false,
    torch_dtype: dtype === 'bf16' ? 'bfloat16' : 'float32',
  };
}

const ARCHITECTURES = new Map<unknown, string>([
  ['llama', 'LlamaForCausalLM'],
  ['mistral', 'MistralForCausalLM'],
]);

function refuse(source: Json, path: string): void {
  const names = Array.isArray(source.architectures) ? (source.architectures as unknown[]) : [];
  const architecture = names[0] ?? ARCHITECTURES.get(source.model_type);
  if (architecture !== 'LlamaForCausalLM' && architecture !== 'MistralForCausalLM') {
    fail(path, 'architecture LlamaForCausalLM or MistralForCausalLM', architecture ?? source.model_type);
  }
  if (architecture === 'MistralForCausalLM' && (source.sliding_window ?? null) !== null) {
    fail(path, 'no sliding_window', source.sliding_window);
  }
  if ((source.hidden_act ?? 'silu') !== 'silu') fail(path, "hidden_act 'silu'", source.hidden_act);
  if ((source.partial_rotary_factor ?? 1) !== 1)
    fail(path, 'partial_rotary_factor 1', source.partial_rotary_factor);
  if (object(source.quantization_config) !== undefined) {
    fail(path, 'weights that are not quantised (no quantization_config)', source.quantization_config);
  }
}

function ropeScaling(rope: Json, path: string, maxPositions: number): RopeScaling | undefined {
  const type: unknown = rope.rope_type ?? rope.type ?? 'default';
  const value = (key: string, fallback?: number) =>
    number(rope[key] ?? fallback, `rope_scaling.${key}`, path);
  if ((rope.partial_rotary_factor ?? 1) !== 1)
    fail(path, 'partial_rotary_factor 1', rope.partial_rotary_factor);
  switch (type) {
    case 'default':
      return undefined;
    case 'linear':
      return { type, factor: value('factor') };
    case 'llama3':
      return {
        type,
        factor: value('factor'),
        lowFreqFactor: value('low_freq_factor'),
        highFreqFactor: value('high_freq_factor'),
        originalMaxPositions: value('original_max_position_embeddings'),
      };
    case 'yarn': {
      const originalMaxPositions = value('original_max_position_embeddings', maxPositions);
      const factor = value('factor', maxPositions / originalMaxPositions);
      const { mscale, mscale_all_dim: all } = rope;
      const attention =
        typeof mscale === 'number' && typeof all === 'number' && mscale !== 0 && all !== 0
          ? yarnAttentionFactor(factor, mscale) / yarnAttentionFactor(factor, all)
          : yarnAttentionFactor(factor);
      return {
        type,
        factor,
        originalMaxPositions,
        betaFast: value('beta_fast', 32),
        betaSlow: value('beta_slow', 1),
        attentionFactor: value('attention_factor', attention),
        truncate: rope.truncate !== false,
      };
    }
    default:
      return fail(path, 'a rope_type of default, linear, llama3, yarn', type);
  }
}

function scalingToHf(scaling: RopeScaling | undefined): Json | null {
  switch (scaling?.type) {
    case undefined:
      return null;
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFreqFactor,
        high_freq_factor: scaling.highFreqFactor,
        original_max_position_embeddings: scaling.originalMaxPositions,
      };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalMaxPositions,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        attention_factor: scaling.attentionFactor,
        truncate: scaling.truncate,
      };
  }
}

function fail(path: string, expected: string, received: unknown): never {
  throw new FileFormatError({ path, expected, received });
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function number(value: unknown, key: string, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(path, `${key} a number`, value);
  return value;
}

function count(source: Json, key: string, path: string, fallback?: number): number {
  const n = number(source[key] ?? fallback, key, path);
  if (!Number.isInteger(n) || n < 1) fail(path, `${key} a positive whole number`, n);
  return n;
}

function ids(value: unknown, key: string, path: string): number[] {
  const list = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  return list.map((id) => number(id, key, path));
}
