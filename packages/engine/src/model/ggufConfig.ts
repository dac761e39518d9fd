import { FileFormatError } from '@selfjudge/base';
import type { Warn } from './checkTensors.js';
import { configProblem, padToken, type ModelConfig } from './config.js';
import type { GgufFile } from './files/gguf.js';
import { inverseFrequencies, yarnAttentionFactor, type RopeScaling } from './rope.js';

/**
 * A model's shape from the metadata of a GGUF file of architecture 'llama' (which llama.cpp also uses for Mistral).
 *
 * @throws FileFormatError
 */
export function configFromGguf(file: GgufFile, warn: Warn = () => {}): ModelConfig {
  const { path, metadata, tensors } = file;
  const architecture = metadata.get('general.architecture');
  if (architecture !== 'llama') fail(path, "general.architecture 'llama'", architecture);
  const value = (key: string, fallback?: number): number => {
    const n = metadata.get(`llama.${key}`) ?? fallback;
    if (typeof n !== 'number' || !Number.isFinite(n)) fail(path, `llama.${key} a number`, n);
    return n as number;
  };
  if (value('expert_count', 0) !== 0)
    fail(path, 'a dense model (no llama.expert_count)', value('expert_count'));
  const table = tensors.get('token_embd.weight');
  if (table === undefined) return fail(path, 'a tensor token_embd.weight', 'none');
  const token = (name: string): number | undefined => {
    const id = metadata.get(`tokenizer.ggml.${name}_token_id`);
    // -1, be it written as an unsigned number, names no token.
    return typeof id === 'number' && id !== -1 && id !== 2 ** 32 - 1 ? id : undefined;
  };
  const heads = value('attention.head_count');
  const hiddenSize = value('embedding_length');
  const headDim = value('attention.key_length', value('rope.dimension_count', hiddenSize / heads));
  if (value('rope.dimension_count', headDim) !== headDim) {
    fail(path, `rotary embedding of all ${headDim} dimensions`, value('rope.dimension_count'));
  }
  const vocabSize = value('vocab_size', table.shape[0]);
  const config: ModelConfig = {
    hiddenSize,
    intermediateSize: value('feed_forward_length'),
    layers: value('block_count'),
    heads,
    kvHeads: value('attention.head_count_kv', heads),
    headDim,
    vocabSize,
    // Stored as float32: the shortest decimal that is the same float32.
    rmsNormEps: Number(value('attention.layer_norm_rms_epsilon').toPrecision(7)),
    ropeTheta: Number(value('rope.freq_base', 10000).toPrecision(7)),
    maxPositions: value('context_length'),
    tieWordEmbeddings: !tensors.has('output.weight'),
    bosTokenId: token('bos'),
    eosTokenIds: [...new Set([token('eos'), token('eot')])].filter((id) => id !== undefined),
    padTokenId: padToken(token('padding'), vocabSize, path, warn),
    attentionBias: tensors.has('blk.0.attn_q.bias'),
    mlpBias: tensors.has('blk.0.ffn_up.bias'),
  };
  const problem = configProblem(config);
  if (problem !== undefined) fail(path, problem.expected, problem.received);
  config.ropeScaling = ropeScaling(file, config, value);
  return config;
}

function ropeScaling(
  file: GgufFile,
  config: ModelConfig,
  value: (key: string, fallback?: number) => number,
): RopeScaling | undefined {
  // As llama.cpp reads them: a factor without a type is linear, under its old name too, and 0 or none is 1.
  const type = file.metadata.get('llama.rope.scaling.type') ?? 'linear';
  const factor = value('rope.scaling.factor', value('rope.scale_linear', 0)) || 1;
  if (factor < 0) fail(file.path, 'a positive rope scaling factor', factor);
  const divisors = file.tensors.has('rope_freqs.weight') ? file.read('rope_freqs.weight') : undefined;
  if (divisors?.some((d) => d !== 1)) {
    if (factor !== 1 && type !== 'none')
      fail(file.path, 'rope_freqs.weight or a rope scaling factor', `both, a factor of ${factor}`);
    return llama3(file.path, config, divisors);
  }
  switch (type) {
    case 'none':
      return undefined;
    case 'linear':
      return factor === 1 ? undefined : { type, factor };
    case 'yarn': {
      if (value('rope.scaling.yarn_log_multiplier', 0) !== 0)
        fail(file.path, 'no rope.scaling.yarn_log_multiplier', value('rope.scaling.yarn_log_multiplier'));
      return {
        type,
        factor,
        originalMaxPositions: value('rope.scaling.original_context_length', config.maxPositions),
        betaFast: value('rope.scaling.yarn_beta_fast', 32),
        betaSlow: value('rope.scaling.yarn_beta_slow', 1),
        // llama.cpp keeps a multiplier of yarn's own attention factor.
        attentionFactor: value('rope.scaling.attn_factor', 1) * yarnAttentionFactor(factor),
        truncate: true,
      };
    }
    default:
      return fail(file.path, 'a rope scaling type of none, linear, yarn', type);
  }
}

/**
 * llama.cpp stores Llama 3's scaling as a tensor of divisors. The family has one shape of it, with the factor as its
 * greatest divisor; the tensor must be that shape, so that nothing is lost by keeping the parameters instead.
 */
function llama3(path: string, config: ModelConfig, divisors: Float32Array): RopeScaling {
  if (divisors.length !== config.headDim / 2)
    fail(path, `rope_freqs.weight of ${config.headDim / 2} values`, `${divisors.length} values`);
  const scaling: RopeScaling = {
    type: 'llama3',
    factor: divisors.reduce((a, b) => Math.max(a, b), 1),
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalMaxPositions: 8192,
  };
  const plain = inverseFrequencies({ headDim: config.headDim, ropeTheta: config.ropeTheta });
  const scaled = inverseFrequencies({ ...config, ropeScaling: scaling });
  const same = divisors.every((d, i) => Math.abs((d * scaled[i]) / plain[i] - 1) < 1e-4);
  if (!same) fail(path, "rope_freqs.weight as Llama 3's scaling gives it", divisors);
  return scaling;
}

function fail(path: string, expected: string, received: unknown): never {
  throw new FileFormatError({ path, expected, received });
}
