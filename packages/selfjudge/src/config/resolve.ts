import { readFileSync } from 'node:fs';
import { ConfigError, type ConfigFault } from '@selfjudge/base';
import { expandHome, isStandardInput, nearest } from '@selfjudge/base/internal';
import { parseYaml } from '@selfjudge/data/internal';
import { z } from 'zod';
import { combinations } from './combinations.js';
import { todaysMeaning } from './earlier.js';
import { knownKeys, withBatchSize, type Known } from './keys.js';
import { camelCase, mapKeys, snakeCase } from './naming.js';
import { underTodaysKeys } from './renamed.js';
import { BATCH_FACTORS } from './recipes/index.js';
import type { Schemas, ValuesOf } from './schemas.js';
import { checked, spelledAs, withShares } from './values.js';
import { presetOf, TRAINING_VERBS, type TrainingVerb, type VerbConfig } from './verbs.js';

/** What a person may give. Flags override the file, the file overrides the preset. */
export interface ConfigSources {
  /** YAML or JSON file, `-` for the standard input. It may name its `preset`, and its `verb`, as a run's config.yaml does. */
  file?: string;
  /** Values given as flags, still text. */
  flags?: Readonly<Record<string, string | string[]>>;
  /** Values under the API's names. They override the flags; what is undefined is left to the others. */
  values?: object;
  /** Named set of defaults; goes before the file's. */
  preset?: string;
  /** Told once of all that was given and changes nothing. */
  onNote?(note: string): void;
  /** Values that go before the preset's alone: those that a run began with. */
  begun?: Readonly<Record<string, unknown>>;
}

/** A verb's configuration in full, in the snake_case it is written to config.yaml with. */
export type ResolvedConfig = Record<string, unknown>;

type Given = Record<string, unknown>;

/**
 * Defaults of the preset, then the file, then the flags; every key known, every value in range.
 * @throws ConfigError naming every key that cannot be taken, with the nearest known one or the reason why there is none
 */
export const resolveConfig = (name: TrainingVerb, sources: ConfigSources): ResolvedConfig =>
  resolveVerb(name, TRAINING_VERBS[name], sources);

/** The same for any verb with fields. */
export function resolveVerb(
  name: string,
  verb: VerbConfig,
  { file, flags = {}, values = {}, preset, begun = {}, onNote = () => {} }: ConfigSources,
): ResolvedConfig {
  const { preset: ownPreset, ...content } = file === undefined ? {} : contentOf(file, name);
  const inCode = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const known = [
    knownKeys(name, verb, todaysKeys(verb, content)),
    knownKeys(name, verb, parseFlags(verb, todaysKeys(verb, flags))),
    knownKeys(name, verb, mapKeys(inCode, snakeCase)),
  ];
  const [fromFile, fromFlags] = known.map(({ values: read }) => spelled(verb, read));
  const fromCode = known[2].values;
  const batches = [withBatchSize(fromFile), withBatchSize(fromFlags, fromFile)];
  const faults = [...known, ...batches].flatMap((source) => source.faults);
  const given = { ...batches[0].values, ...batches[1].values, ...fromCode };
  const merged = { ...defaultsOf(verb, preset ?? ownPreset ?? 'default'), ...begun, ...given };
  const config: ResolvedConfig = {};
  for (const [key, field] of Object.entries(verb.fields)) {
    const result = checked(key, field, merged[key]);
    if ('fault' in result) faults.push(result.fault);
    else config[key] = result.value;
  }
  const combined = faults.length > 0 ? { faults: [], notes: [] } : combinations(name, config, given);
  const [first, ...more] = [...faults, ...combined.faults, ...twiceRead(file, config)];
  if (first !== undefined) throw new ConfigError(first, ...more);
  const lines = [...noteLines(known), ...combined.notes];
  if (lines.length > 0) onNote(lines.join('\n'));
  return config;
}

/** The standard input can be read once. */
function twiceRead(file: string | undefined, { dataset_name: names }: ResolvedConfig): ConfigFault[] {
  if (file !== '-' || !Array.isArray(names) || !names.includes('-')) return [];
  return [
    { key: 'dataset_name', expected: 'a file, as the configuration is read from stdin', received: '-' },
  ];
}

/** The same values under the API's names. */
export const toOptions = (config: ResolvedConfig): Record<string, unknown> => mapKeys(config, camelCase);

/**
 * Of a configuration, the values of some options under the API's names: fields give what they take again.
 * @throws ConfigError for a value that is missing, or none of its option
 */
export function valuesOf<S extends Schemas>(options: S, config: ResolvedConfig): ValuesOf<S> {
  const values = toOptions(config);
  const read = z.object(options).safeParse(values);
  if (read.success) return read.data;
  const [first, ...more] = Object.entries(options).flatMap(([name, field]): ConfigFault[] => {
    const result = checked(snakeCase(name), field, values[name]);
    return 'fault' in result ? [result.fault] : [];
  });
  throw new ConfigError(first, ...more);
}

/** Earlier words, where the verb has what they mean today. */
function todaysKeys<T>(verb: VerbConfig, given: Readonly<Record<string, T>>): Record<string, T> {
  const { template, ...rest } = given;
  const isOurs = template === undefined || Object.hasOwn(verb.fields, 'judge_template');
  return isOurs ? underTodaysKeys(given) : { ...underTodaysKeys(rest), template };
}

/** What a file or flags say, in the words of the fields. */
const spelled = ({ fields }: VerbConfig, given: Given): Given =>
  withShares(
    Object.fromEntries(
      Object.entries(given).map(([key, value]) => {
        const field = BATCH_FACTORS.includes(key) ? fields.train_batch_size : fields[key];
        return [key, spelledAs(key, field, value)];
      }),
    ),
  );

/** One note for all keys that change nothing, by reason. */
function noteLines(known: readonly Known[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { notes } of known)
    for (const [reason, keys] of notes) reasons.set(reason, [...(reasons.get(reason) ?? []), ...keys]);
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([reason, keys]) => `  ${[...new Set(keys)].join(', ')}: ${reason}`);
  return ['keys that need nothing here:', ...lines];
}

function defaultsOf(verb: VerbConfig, preset: unknown): Given {
  const defaults = typeof preset === 'string' ? presetOf(verb, preset) : undefined;
  if (defaults !== undefined) return defaults;
  const names = Object.keys(verb.presets);
  throw new ConfigError({
    key: 'preset',
    expected: `one of ${names.join(', ')}`,
    received: preset,
    nearest: typeof preset === 'string' ? nearest(preset, names) : undefined,
  });
}

/** Keys and values of a file, in snake_case. A run's config.yaml names its verb, which must be this one. */
function contentOf(path: string, name: string): Given {
  let value: unknown;
  try {
    const text = readFileSync(isStandardInput(path) ? 0 : expandHome(path), 'utf8');
    value = parseYaml(text);
    refuseOctals(text);
  } catch (error) {
    throw new ConfigError({ key: path, expected: 'a YAML or JSON file', received: (error as Error).message });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError({ key: path, expected: 'a mapping of keys to values', received: value });
  const content = todaysMeaning(mapKeys(value, (key) => key.replaceAll('-', '_')));
  const { verb = name, ...rest } = content;
  if (verb !== name)
    throw new ConfigError({ key: 'verb', expected: `${name}, as was called`, received: verb });
  return rest;
}

/** YAML 1.1 reads 010 as 8 and YAML 1.2 as 10: nobody can know which was meant. */
function refuseOctals(text: string): void {
  const [, key, number] = /^\s*([\w-]+):\s+([-+]?0\d[\d_]*)\s*(?:#.*)?$/m.exec(text) ?? [];
  if (key !== undefined)
    throw new SyntaxError(
      `${key}: ${number}, which is octal to some readers: write it without the leading 0`,
    );
}

/** Flags are text: numbers, booleans and lists are read as YAML where the field does not take text. */
function parseFlags(verb: VerbConfig, flags: Readonly<Record<string, string | string[]>>): Given {
  return Object.fromEntries(
    Object.entries(flags).map(([key, value]) => {
      const field = Object.hasOwn(verb.fields, key) ? verb.fields[key] : undefined;
      if (typeof value !== 'string' || value.trim() === '' || field?.safeParse(value).success)
        return [key, value];
      try {
        return [key, parseYaml(value) as unknown];
      } catch {
        return [key, value];
      }
    }),
  );
}
