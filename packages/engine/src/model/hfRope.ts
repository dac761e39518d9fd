import { longropeAttentionFactor, yarnAttentionFactor, type RopeScaling } from './rope.js';
import type { ModelConfig } from './config.js';
import type { Family } from './families/index.js';
import type { HfValues, Json } from './hfValues.js';

/** What each type reads; the rest of a dictionary has no effect, in transformers neither. */
const READ: Readonly<Record<RopeScaling['type'] | 'default', readonly string[]>> = {
  default: [],
  linear: ['factor'],
  dynamic: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
  longrope: ['factor', 'short_factor', 'long_factor', 'attention_factor', 'original_max_position_embeddings'],
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
const LAYERS = ['full_attention', 'sliding_attention'];

/** What config.json says of positions. */
export type RopeFields = Pick<
  ModelConfig,
  'ropeTheta' | 'ropeScaling' | 'rotaryDim' | 'localRope' | 'maxPositions'
>;

/** What of a family its rope needs. */
type RopeFamily = Pick<Family, 'defaults' | 'layerRopes' | 'partialRope' | 'longropeWords' | 'ropeExtras'>;

/**
 * Rotary embedding as transformers 5 reads it from config.json: `rope_scaling` where it holds something, else
 * `rope_parameters`; without a type it is 'default', whatever else it says.
 *
 * @param shape the head's dimensions, and max_position_embeddings
 * @throws FileFormatError
 */
export function ropeFromHf(
  values: HfValues,
  shape: { headDim: number; maxPositions: number },
  family: RopeFamily,
): RopeFields {
  const { json } = values;
  const key = filled(json.rope_scaling) ? 'rope_scaling' : 'rope_parameters';
  const rope = dictionary(values, json[key], key);
  const from = (one: Json, at: string, theta: number) => ropeIn(values, shape, family, one, at, theta);
  if (family.layerRopes === undefined) {
    const nested = Object.keys(rope).find(
      (name) => typeof rope[name] === 'object' && !Array.isArray(rope[name]) && rope[name] !== null,
    );
    if (nested !== undefined)
      return values.fail(`${key} of one kind for all layers`, `one of its own for ${nested}`);
    return from(rope, key, values.number('rope_theta', family.defaults.ropeTheta));
  }
  const { global, local, localKey } = family.layerRopes;
  const theta = values.number('rope_theta', global);
  const localTheta = localKey === undefined ? local : values.number(localKey, local);
  // Files of transformers 4 have one dictionary, for the layers that see all.
  const old = key === 'rope_scaling';
  const unknown = old ? undefined : Object.keys(rope).find((name) => !LAYERS.includes(name));
  if (unknown !== undefined) return values.fail(`${key} of ${LAYERS.join(' and ')}`, unknown);
  const of = (layers: string) => dictionary(values, rope[layers], `${key}.${layers}`);
  const whole = old ? from(rope, key, theta) : from(of(LAYERS[0]), `${key}.${LAYERS[0]}`, theta);
  const sliding = from(old ? {} : of(LAYERS[1]), `${key}.${LAYERS[1]}`, localTheta);
  return { ...whole, localRope: { theta: sliding.ropeTheta, scaling: sliding.ropeScaling } };
}

function dictionary(values: HfValues, given: unknown, key: string): Json {
  const rope = given ?? {};
  if (typeof rope !== 'object' || Array.isArray(rope)) return values.fail(`${key} an object`, rope);
  return rope as Json;
}

/** One dictionary: the base of angles, how they are scaled, how much of a head rotates, and how far. */
function ropeIn(
  values: HfValues,
  { headDim, maxPositions }: { headDim: number; maxPositions: number },
  { defaults, partialRope, longropeWords = [], layerRopes, ropeExtras = {} }: RopeFamily,
  rope: Json,
  key: string,
  theta: number,
): RopeFields {
  const { json, path, warn } = values;
  const number = (name: string, value: unknown): number => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return values.fail(`${name} a number`, value);
    return value;
  };
  const ropeTheta = number('rope_theta', rope.rope_theta ?? theta);
  const word: unknown = rope.rope_type ?? rope.type ?? 'default';
  const type = typeof word === 'string' && longropeWords.includes(word) ? 'longrope' : word;
  if (!isType(type)) return values.fail(`a rope_type of ${Object.keys(READ).join(', ')}`, type);
  const partial = number(
    'partial_rotary_factor',
    rope.partial_rotary_factor ?? json.partial_rotary_factor ?? 1,
  );
  if (partial !== 1 && partialRope !== true) return values.fail('partial_rotary_factor 1', partial);
  const rotaryDim = Math.trunc(headDim * partial);
  const shape = { ropeTheta, maxPositions, ...(rotaryDim !== headDim && { rotaryDim }) };

  // transformers looks for it beside the dictionaries of layers, where it finds none.
  const truncates = layerRopes === undefined;
  const read = READ[type].filter((name) => truncates || name !== 'truncate');
  const used = [...COMMON, ...read, ...Object.keys(ropeExtras)];
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
      json.original_max_position_embeddings ??
        defaults.originalMaxPositions ??
        rope.original_max_position_embeddings ??
        maxPositions,
    );
  switch (type) {
    case 'default':
      return shape;
    case 'linear':
    case 'dynamic':
      return { ...shape, ropeScaling: { type, factor: value('factor') } };
    case 'llama3':
      return {
        ...shape,
        ropeScaling: {
          type,
          factor: value('factor'),
          lowFreqFactor: value('low_freq_factor'),
          highFreqFactor: value('high_freq_factor'),
          originalMaxPositions: original(),
        },
      };
    case 'longrope': {
      const from = original();
      const factor = value('factor', maxPositions / from);
      if (from < maxPositions)
        warn(
          `${path}: paths of up to ${from} tokens, original_max_position_embeddings: past it longrope turns the tokens ` +
            'before by other angles, those of one batch by the longest of them',
        );
      return {
        ...shape,
        maxPositions: Math.min(from, maxPositions),
        ropeScaling: {
          type,
          shortFactors: factors(values, rope.short_factor, `${key}.short_factor`, rotaryDim / 2),
          longFactors: factors(values, rope.long_factor, `${key}.long_factor`, rotaryDim / 2),
          longMaxPositions: maxPositions,
          attentionFactor: value('attention_factor', longropeAttentionFactor(factor, from)),
        },
      };
    }
    case 'yarn': {
      const originalMaxPositions = original();
      const factor = value('factor', maxPositions / originalMaxPositions);
      const { mscale, mscale_all_dim: all } = rope;
      const attention =
        typeof mscale === 'number' && typeof all === 'number' && mscale !== 0 && all !== 0
          ? yarnAttentionFactor(factor, mscale) / yarnAttentionFactor(factor, all)
          : yarnAttentionFactor(factor);
      return {
        ...shape,
        ropeScaling: {
          type,
          factor,
          originalMaxPositions,
          betaFast: value('beta_fast', 32) || 32,
          betaSlow: value('beta_slow', 1) || 1,
          attentionFactor: value('attention_factor', attention),
          truncate:
            !truncates || rope.truncate === undefined || isTrue(values, rope.truncate, `${key}.truncate`),
        },
      };
    }
  }
}

const isType = (word: unknown): word is keyof typeof READ =>
  typeof word === 'string' && Object.hasOwn(READ, word);

/** A flag for which Python takes null for false. */
const isTrue = (values: HfValues, given: unknown, key: string): boolean =>
  given === null ? false : typeof given === 'boolean' ? given : values.fail(`${key} true or false`, given);

function factors(values: HfValues, given: unknown, key: string, count: number): number[] {
  const right =
    Array.isArray(given) &&
    given.length === count &&
    given.every((x) => typeof x === 'number' && Number.isFinite(x) && x > 0);
  return right ? given : values.fail(`${key} of ${count} positive numbers`, given);
}

/** The keys of config.json that say all that `ropeFromHf` reads, in the form that transformers 4 and 5 read. */
export function ropeToHf(config: RopeFields, { layerRopes, defaults, ropeExtras }: RopeFamily): Json {
  const { ropeTheta, ropeScaling: scaling, maxPositions, localRope } = config;
  const long = scaling?.type === 'longrope' ? scaling : undefined;
  const max_position_embeddings = long?.longMaxPositions ?? maxPositions;
  const original =
    long !== undefined || defaults.originalMaxPositions !== undefined
      ? { original_max_position_embeddings: maxPositions }
      : {};
  if (layerRopes === undefined)
    return {
      rope_theta: ropeTheta,
      rope_scaling: scaling === undefined ? null : { ...scalingToHf(scaling, maxPositions), ...ropeExtras },
      max_position_embeddings,
      ...original,
    };
  const of = (theta: number, one: RopeScaling | undefined) => {
    const { truncate: _, ...scaling } = scalingToHf(one, maxPositions) ?? {};
    return { rope_type: 'default', ...scaling, rope_theta: theta };
  };
  return {
    rope_parameters: {
      full_attention: of(ropeTheta, scaling),
      sliding_attention: of(localRope?.theta ?? ropeTheta, localRope?.scaling),
    },
    // What transformers 4 reads.
    rope_theta: ropeTheta,
    ...(layerRopes.localKey !== undefined && { [layerRopes.localKey]: localRope?.theta }),
    max_position_embeddings,
  };
}

/** `rope_scaling` of config.json. */
function scalingToHf(scaling: RopeScaling | undefined, maxPositions: number): Json {
  switch (scaling?.type) {
    case undefined:
      return {};
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling.type, factor: scaling.factor };
    case 'longrope': {
      const { shortFactors, longFactors, longMaxPositions, attentionFactor } = scaling;
      const usual = longropeAttentionFactor(longMaxPositions / maxPositions, maxPositions);
      return {
        // Early versions of Phi's config take these three and no more.
        type: 'longrope',
        short_factor: shortFactors,
        long_factor: longFactors,
        ...(attentionFactor !== usual && { attention_factor: attentionFactor }),
      };
    }
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
