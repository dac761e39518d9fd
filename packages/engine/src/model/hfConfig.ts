import { FileFormatError, show } from '@selfjudge/base';
import type { Warn } from './checkTensors.js';
import { configProblem, padToken, type ModelConfig } from './config.js';
import { ropeFromHf, ropeToHf } from './hfRope.js';

type Json = Record<string, unknown>;

/** What transformers takes where config.json says nothing. */
interface Family {
  kvHeads?: number;
  maxPositions: number;
  slidingWindow?: number;
  /** Whether `attention_bias` and `mlp_bias` are read. */
  biases: boolean;
}

/** By model_type, which alone decides in transformers. */
const FAMILIES: Readonly<Record<'llama' | 'mistral', Family>> = {
  llama: { maxPositions: 2048, biases: true },
  mistral: { kvHeads: 8, maxPositions: 131072, slidingWindow: 4096, biases: false },
};

/**
 * A model's shape from transformers' config.json: Llama, and Mistral up to its sliding window. Anything that would change
 * the maths and is not implemented is refused by name.
 *
 * @param path named in errors
 * @param generation generation_config.json where there is one: it may list more end tokens
 * @param warn told of what has no effect
 * @throws FileFormatError
 */
export function configFromHf(
  json: unknown,
  path: string,
  generation?: unknown,
  warn: Warn = () => {},
): ModelConfig {
  const source = object(json) ?? fail(path, 'a JSON object', json);
  const family = familyOf(source, path, warn);
  const act = source.hidden_act ?? 'silu';
  if (act !== 'silu' && act !== 'swish') fail(path, "hidden_act 'silu'", act);
  const heads = count(source, 'num_attention_heads', path);
  const hiddenSize = count(source, 'hidden_size', path);
  const vocabSize = count(source, 'vocab_size', path);
  const maxPositions = count(source, 'max_position_embeddings', path, family.maxPositions);
  checkWindow(source, family, maxPositions, path);
  const config: ModelConfig = {
    hiddenSize,
    intermediateSize: count(source, 'intermediate_size', path),
    layers: count(source, 'num_hidden_layers', path),
    heads,
    kvHeads: count(source, 'num_key_value_heads', path, family.kvHeads ?? heads),
    headDim: count(source, 'head_dim', path, hiddenSize / heads),
    vocabSize,
    rmsNormEps: number(source.rms_norm_eps ?? 1e-6, 'rms_norm_eps', path),
    ropeScaling: undefined,
    ...ropeFromHf(source, maxPositions, path, warn),
    maxPositions,
    tieWordEmbeddings: source.tie_word_embeddings === true,
    bosTokenId: ids(source.bos_token_id, 'bos_token_id', path)[0],
    eosTokenIds: [
      ...new Set([
        ...ids(source.eos_token_id, 'eos_token_id', path),
        ...ids(object(generation)?.eos_token_id, 'eos_token_id of generation_config.json', path),
      ]),
    ],
    padTokenId: padToken(ids(source.pad_token_id, 'pad_token_id', path)[0], vocabSize, path, warn),
    attentionBias: family.biases && source.attention_bias === true,
    mlpBias: family.biases && source.mlp_bias === true,
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
    rope_scaling: ropeToHf(config.ropeScaling),
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

function familyOf(source: Json, path: string, warn: Warn): Family {
  const named = Array.isArray(source.architectures) ? (source.architectures as unknown[]) : [];
  const architecture = typeof named[0] === 'string' ? named[0] : undefined;
  const fits = (type: string) => architecture?.toLowerCase().startsWith(type) === true;
  const types = Object.keys(FAMILIES) as (keyof typeof FAMILIES)[];
  const type = source.model_type ?? types.find(fits);
  const known = types.find((each) => each === type);
  if (known === undefined) {
    const given = [type, architecture].filter((name) => name !== undefined);
    const received = given.map(show).join(', ') || 'none';
    return fail(path, `model_type ${types.join(' or ')}`, received);
  }
  if (architecture !== undefined && !fits(known))
    warn(
      `${path}: read as ${known}, its model_type, as transformers does; architectures has ${architecture}`,
    );
  return FAMILIES[known];
}

/** A window as long as the context hides nothing. */
function checkWindow(source: Json, family: Family, maxPositions: number, path: string): void {
  if (family.slidingWindow === undefined) return;
  const { sliding_window: window = family.slidingWindow } = source;
  if (window === null || (typeof window === 'number' && window >= maxPositions)) return;
  throw new FileFormatError({
    path,
    expected: `no sliding_window shorter than max_position_embeddings ${maxPositions}`,
    received: `${show(window)}${source.sliding_window === undefined ? ', the default of Mistral' : ''}`,
    advice: `Set max_position_embeddings to ${show(window)}: paths within the window are computed in full.`,
  });
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

/** Token ids; -1 and "none" both occur for none. */
function ids(value: unknown, key: string, path: string): number[] {
  const list = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  return list.map((id) => number(id, key, path)).filter((id) => id !== -1);
}
