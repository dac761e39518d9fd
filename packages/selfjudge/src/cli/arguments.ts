import { LINEARS } from '@selfjudge/engine';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import {
  BATCH_FACTORS,
  FIELD_GROUPS,
  LIST_FIELDS,
  presetOf,
  RECIPE_KEYS,
  RENAMED,
  type VerbConfig,
} from '../config/index.js';

/** `--learning-rate` and `--learning_rate` are the same flag; values and one-letter flags are left as they are. */
export function normaliseFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, i) => {
    if (!word.startsWith('--') || word.length < 3 || (end >= 0 && i >= end)) return word;
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    return `--${name.slice(2).replaceAll('-', '_')}${equals < 0 ? '' : word.slice(equals)}`;
  });
}

/** Flags of one letter. */
const SHORT: Readonly<Record<string, string>> = { model_name_or_path: '-m', output_dir: '-o' };

/**
 * One flag a field of the configuration, with its default in the help text. Words of other tools and earlier ones are
 * taken too, unlisted.
 */
export function addConfigFlags(command: Command, verb: VerbConfig): Command {
  const defaults = presetOf(verb, 'default')!;
  for (const [title, keys] of Object.entries(verb.groups ?? FIELD_GROUPS)) {
    command.optionsGroup(`${title}:`);
    for (const key of keys.filter((name) => name in verb.fields)) {
      const names = `${SHORT[key] ? `${SHORT[key]}, ` : ''}--${key}`;
      const [flag, about] = [
        `${names} ${placeholder(key, defaults[key])}`,
        describe(verb.fields[key], defaults[key]),
      ];
      if (isRepeated(key, verb.fields[key]))
        command.option(flag, about, (word: string, words: string[] = []) => [...words, word]);
      else command.option(flag, about);
    }
  }
  const renamed = Object.keys(RENAMED).filter((key) => RENAMED[key] in verb.fields);
  const alias = 'max_new_tokens' in verb.fields ? ['max_completion_length'] : [];
  const recipes = 'train_batch_size' in verb.fields ? [...BATCH_FACTORS, ...RECIPE_KEYS] : [];
  for (const key of new Set([...renamed, ...alias, ...recipes]))
    if (!(key in verb.fields)) command.addOption(command.createOption(`--${key} [value]`).hideHelp());
  return command;
}

/** What a field is, its choices and its default. */
function describe(field: z.ZodType, value: unknown): string {
  const facts = [
    ...choicesOf(field),
    ...(value === undefined || shown(value) === '' ? [] : [`default: ${shown(value)}`]),
  ];
  return `${field.description}${facts.length > 0 ? ` (${facts.join('; ')})` : ''}`;
}

function choicesOf(field: z.core.$ZodType): string[] {
  if (field instanceof z.ZodOptional) return choicesOf(field.unwrap());
  if (field instanceof z.ZodUnion)
    return field.options.flatMap((one) => (one instanceof z.ZodEnum ? choicesOf(one) : []));
  return field instanceof z.ZodEnum ? [field.options.join(', ')] : [];
}

function shown(value: unknown): string {
  if (Array.isArray(value) && value.length === LINEARS.length) return 'all-linear';
  const words = [value].flat().map((one) => (typeof one === 'object' ? stringify(one, FLOW).trim() : one));
  return words.join(' ');
}

const FLOW = { collectionStyle: 'flow', flowCollectionPadding: false } as const;

/** Whether a flag is given again for each of its values, so that other arguments may stand behind one. */
function isRepeated(key: string, field: z.core.$ZodType): boolean {
  if (field instanceof z.ZodOptional) return isRepeated(key, field.unwrap());
  return !LIST_FIELDS.has(key) && field instanceof z.ZodArray;
}

/** A switch may stand alone, a list takes several words. */
function placeholder(key: string, value: unknown): string {
  if (LIST_FIELDS.has(key)) return '<values...>';
  if (typeof value === 'boolean') return '[boolean]';
  return typeof value === 'number' ? '<n>' : '<value>';
}

/** The flags a person gave, as text by key. */
export function givenFlags(
  command: Command,
  except: readonly string[] = [],
): Record<string, string | string[]> {
  const values = command.opts<Record<string, string | string[] | true>>();
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => command.getOptionValueSource(key) === 'cli' && !except.includes(key))
      .map(([key, value]) => [key, value === true ? 'true' : value]),
  );
}
