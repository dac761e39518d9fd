import { FileFormatError } from '@selfjudge/base';
import type { Warn } from './checkTensors.js';
import { yarnAttentionFactor, type RopeScaling } from './rope.js';

type Json = Record<string, unknown>;

/** What each type reads; the rest of a dictionary has no effect, in transformers neither. */
const READ: Readonly<Record<RopeScaling['type'] | 'default', readonly string[]>> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
  yarn: [
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'beta_fast',
    'beta_slow',
    'mscale',
    'mscale_all_dim',
    'truncate',
  ],
};
const COMMON = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor'];

/**
 * Rotary embedding as transformers 5 reads it from config.json: `rope_scaling` where it holds something, else
 * `rope_parameters`; without a type it is 'default', whatever else it says.
 *
 * @param config of config.json
 * @param maxPositions max_position_embeddings
 * @param path named in errors and warnings
 * @throws FileFormatError
 */
export function ropeFromHf(
  config: Json,
  maxPositions: number,
  path: string,
  warn: Warn,
): { ropeTheta: number; ropeScaling?: RopeScaling } {
  const key = filled(config.rope_scaling) ? 'rope_scaling' : 'rope_parameters';
  const rope = (config[key] ?? {}) as Json;
  if (typeof rope !== 'object' || Array.isArray(rope)) fail(path, `${key} an object`, rope);
  const number = (name: string, value: unknown): number => {
    if (typeof value !== 'number' || !Number.isFinite(value)) fail(path, `${name} a number`, value);
    return value as number;
  };
  const ropeTheta = number('rope_theta', rope.rope_theta ?? config.rope_theta ?? 10000);
  const nested = Object.keys(rope).find((name) => typeof rope[name] === 'object' && rope[name] !== null);
  if (nested !== undefined) fail(path, `${key} of one kind for all layers`, `one of its own for ${nested}`);
  const type: unknown = rope.rope_type ?? rope.type ?? 'default';
  if (typeof type !== 'string' || !Object.hasOwn(READ, type))
    return fail(path, 'a rope_type of default, linear, llama3, yarn', type);
  const partial = rope.partial_rotary_factor ?? config.partial_rotary_factor ?? 1;
  if (partial !== 1) fail(path, 'partial_rotary_factor 1', partial);

  const used = [...COMMON, ...READ[type as keyof typeof READ]];
  const unused = Object.keys(rope).filter((name) => rope[name] !== null && !used.includes(name));
  if (unused.length > 0) {
    const why =
      (rope.rope_type ?? rope.type) === undefined
        ? `without a rope_type it is 'default', as in transformers`
        : `a rope_type of ${type} does not read them`;
    warn(`${path}: ${key}: ${unused.join(', ')} without effect: ${why}`);
  }

  const value = (name: string, fallback?: number) => number(`${key}.${name}`, rope[name] ?? fallback);
  // Beside the dictionary it goes before that in it.
  const original = () =>
    number(
      'original_max_position_embeddings',
      config.original_max_position_embeddings ?? rope.original_max_position_embeddings ?? maxPositions,
    );
  switch (type as keyof typeof READ) {
    case 'default':
      return { ropeTheta };
    case 'linear':
      return { ropeTheta, ropeScaling: { type: 'linear', factor: value('factor') } };
    case 'llama3':
      return {
        ropeTheta,
        ropeScaling: {
          type: 'llama3',
          factor: value('factor'),
          lowFreqFactor: value('low_freq_factor'),
          highFreqFactor: value('high_freq_factor'),
          originalMaxPositions: original(),
        },
      };
    case 'yarn': {
      const originalMaxPositions = original();
      const factor = value('factor', maxPositions / originalMaxPositions);
      const { mscale, mscale_all_dim: all } = rope;
      const attention =
        typeof mscale === 'number' && typeof all === 'number' && mscale !== 0 && all !== 0
          ? yarnAttentionFactor(factor, mscale) / yarnAttentionFactor(factor, all)
          : yarnAttentionFactor(factor);
      return {
        ropeTheta,
        ropeScaling: {
          type: 'yarn',
          factor,
          originalMaxPositions,
          betaFast: value('beta_fast', 32) || 32,
          betaSlow: value('beta_slow', 1) || 1,
          attentionFactor: value('attention_factor', attention),
          truncate: rope.truncate !== false,
        },
      };
    }
  }
}

/** `rope_scaling` of config.json. */
export function ropeToHf(scaling: RopeScaling | undefined): Json | null {
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

/** Whether Python takes it for true: not absent, null or an empty dictionary. */
function filled(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== null && value !== false;
}

function fail(path: string, expected: string, received: unknown): never {
  throw new FileFormatError({ path, expected, received });
}
