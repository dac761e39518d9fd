import { readFileSync } from 'node:fs';
import { ConfigError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { parseYaml } from '@selfjudge/data/internal';
import type { z } from 'zod';
import { camelCase, mapKeys, snakeCase } from './naming.js';
import { underTodaysKeys } from './renamed.js';
import { TRL_ALIASES, TRL_BATCH_FACTORS, TRL_REFUSED } from './trlKeys.js';
import { presetOf, TRAINING_VERBS, type TrainingVerb, type VerbConfig } from './verbs.js';

/** What a person may give. Flags override the file, the file overrides the preset. */
export interface ConfigSources {
  /** YAML or JSON file. It may name its `preset`, and its `verb`, as a run's config.yaml does. */
  file?: string;
  /** Values given as flags, still text. */
  flags?: Readonly<Record<string, string | string[]>>;
  /** Values under the API's names. They override the flags; what is undefined is left to the others. */
  values?: object;
  /** Named set of defaults; goes before the file's. */
  preset?: string;
  /** Values that go before the preset's alone: those that a run began with. */
  begun?: Readonly<Record<string, unknown>>;
}

/** A verb's configuration in full, in the snake_case it is written to config.yaml with. */
export type ResolvedConfig = Record<string, unknown>;

type Given = Record<string, unknown>;

/**
 * Defaults of the preset, then the file, then the flags; every key known, every value in range.
 * @throws ConfigError naming the key, with the nearest known one or the reason why there is none
 */
export const resolveConfig = (name: TrainingVerb, sources: ConfigSources): ResolvedConfig =>
  resolveVerb(name, TRAINING_VERBS[name], sources);

/** The same for any verb with fields. */
export function resolveVerb(
  name: string,
  verb: VerbConfig,
  { file, flags = {}, values = {}, preset, begun = {} }: ConfigSources,
): ResolvedConfig {
  const { preset: ownPreset, ...content } = file === undefined ? {} : contentOf(file, name);
  const fromFile = knownKeys(verb, underTodaysKeys(content));
  const fromFlags = knownKeys(verb, parseFlags(verb, underTodaysKeys(flags) as typeof flags));
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const merged = {
    ...defaultsOf(verb, preset ?? ownPreset ?? 'default'),
    ...begun,
    ...withBatchSize(fromFile),
    ...withBatchSize(fromFlags, fromFile),
    ...knownKeys(verb, mapKeys(given, snakeCase)),
  };
  return Object.fromEntries(
    Object.entries(verb.fields).map(([key, field]) => [key, checked(key, field, merged[key])]),
  );
}

/** The same values under the API's names. */
export const toOptions = (config: ResolvedConfig): Record<string, unknown> => mapKeys(config, camelCase);

function defaultsOf(verb: VerbConfig, preset: unknown): Given {
  const defaults = typeof preset === 'string' ? presetOf(verb, preset) : undefined;
  if (defaults !== undefined) return defaults;
  const known = Object.keys(verb.presets);
  throw new ConfigError({
    key: 'preset',
    expected: `one of ${known.join(', ')}`,
    received: preset,
    nearest: typeof preset === 'string' ? nearest(preset, known) : undefined,
  });
}

/** Keys and values of a file, in snake_case. A run's config.yaml names its verb, which must be this one. */
function contentOf(path: string, name: string): Given {
  let value: unknown;
  try {
    value = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError({ key: path, expected: 'a YAML or JSON file', received: (error as Error).message });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError({ key: path, expected: 'a mapping of keys to values', received: value });
  const { verb = name, ...content } = mapKeys(value, (key) => key.replaceAll('-', '_'));
  if (verb !== name)
    throw new ConfigError({ key: 'verb', expected: `${name}, as was called`, received: verb });
  return content;
}

/** Flags are text: numbers, booleans and lists are read as YAML where the field does not take text. */
function parseFlags(verb: VerbConfig, flags: Readonly<Record<string, string | string[]>>): Given {
  const fields = new Map(Object.entries(verb.fields));
  return mapValues(flags, (key, value) => {
    const field = fields.get(aliased(key));
    if (typeof value !== 'string' || field?.safeParse(value).success) return value;
    try {
      return parseYaml(value) as unknown;
    } catch {
      return value;
    }
  });
}

/** Applies TRL's aliases and refuses keys that mean nothing here, each with the reason or the nearest name. */
function knownKeys(verb: VerbConfig, given: Given): Given {
  const out: Given = {};
  for (const [key, value] of Object.entries(given)) {
    const name = aliased(key);
    if (Object.hasOwn(verb.fields, name) || TRL_BATCH_FACTORS.includes(key)) out[name] = value;
    else if (Object.hasOwn(TRL_REFUSED, key))
      throw new ConfigError({
        key,
        expected: `this key of TRL to be left out (${TRL_REFUSED[key]})`,
        received: value,
      });
    else
      throw new ConfigError({
        key,
        expected: 'a key of this verb',
        received: value,
        nearest: nearest(key, Object.keys(verb.fields)),
      });
  }
  return out;
}

/**
 * Puts the product of TRL's two factors in the place of `train_batch_size`.
 * @param below a source that this one overrides, which may give the other factor
 */
function withBatchSize(given: Given, below: Given = {}): Given {
  const rest = Object.fromEntries(Object.entries(given).filter(([key]) => !TRL_BATCH_FACTORS.includes(key)));
  if (!TRL_BATCH_FACTORS.some((key) => key in given)) return rest;
  const factors = TRL_BATCH_FACTORS.map((key) => {
    const value = given[key] ?? below[key] ?? 1;
    if (Number.isInteger(value) && (value as number) > 0) return value as number;
    throw new ConfigError({ key, expected: 'a whole number of at least 1', received: value });
  });
  const product = factors.reduce((a, b) => a * b, 1);
  const { train_batch_size: own = product } = rest;
  if (own === product) return { ...rest, train_batch_size: product };
  throw new ConfigError({
    key: 'train_batch_size',
    expected: `${product}, as ${TRL_BATCH_FACTORS.join(' x ')} says (one of them is enough)`,
    received: own,
  });
}

function checked(key: string, field: z.ZodType, value: unknown): unknown {
  const about = field.description ?? '';
  const result = field.safeParse(value);
  if (result.success) return result.data;
  if (value === undefined) throw new ConfigError({ key, expected: about, received: 'nothing' });
  const [issue] = result.error.issues;
  const limit = limitOf(issue);
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  throw new ConfigError({
    key,
    expected: limit === '' ? about : `${limit} (${about})`,
    received: value,
    nearest: typeof value === 'string' ? nearest(value, options) : undefined,
  });
}

/** What a value would have had to be; empty where the description says it best. */
function limitOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
    case 'invalid_type':
      if (issue.expected === 'boolean') return 'true or false';
      return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    default:
      return '';
  }
}

const aliased = (key: string): string => (Object.hasOwn(TRL_ALIASES, key) ? TRL_ALIASES[key] : key);

const mapValues = <T>(
  object: Readonly<Record<string, T>>,
  change: (key: string, value: T) => unknown,
): Given => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(key, value)]));
