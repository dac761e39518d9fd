import { METHODS, type Method } from '@selfjudge/training';
import { z } from 'zod';
import { FIELD_GROUPS } from './fields.js';
import { TRAINING_VERBS, type VerbConfig } from './verbs.js';

type Verbs = readonly (readonly [name: string, verb: VerbConfig])[];

const code = (value: unknown): string => `\`${[value].flat().join(' ')}\``;

/** What a key takes, in words. */
function values(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
  // One value, or a list of such.
  const [one, several] = json.anyOf ?? [];
  const isEach =
    one !== undefined && several?.type === 'array' && (one.enum !== undefined || one.type !== 'string');
  return isEach ? `${valuesOf(one)}; one or several` : valuesOf(json);
}

function valuesOf({
  type,
  enum: choices,
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
}: z.core.JSONSchema.BaseSchema): string {
  if (choices) return choices.map(code).join(', ');
  if (type === 'boolean') return 'true, false';
  if (type !== 'number' && type !== 'integer') return '';
  const bounds = [
    minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && `at least ${minimum}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && `at most ${maximum}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
  ].filter(Boolean);
  return [type === 'integer' ? 'a whole number' : 'a number', ...bounds].join(' ');
}

const row = (cells: readonly unknown[]): string =>
  `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;

/** Keys of a group, with the default of each verb that has another one than the first. */
function table(keys: readonly string[], verbs: Verbs): string {
  const lines = keys.flatMap((key) => {
    const having = verbs.filter(([, { fields: own }]) => key in own);
    if (having.length === 0) return [];
    const defaults = new Map<string, string[]>();
    for (const [name, { presets }] of having) {
      const value = presets.default[key];
      const shown = [value ?? []].flat().length === 0 ? '' : code(value);
      defaults.set(shown, [...(defaults.get(shown) ?? []), name]);
    }
    const shown =
      defaults.size === 1
        ? [...defaults.keys()][0]
        : [...defaults].map(([value, names]) => `${value} (${names.join(', ')})`).join(', ');
    const schema = having[0][1].fields[key];
    const where = having.length === verbs.length ? 'all' : having.map(([name]) => name).join(', ');
    return [row([code(key), shown, values(schema), where, schema.description])];
  });
  return [
    row(['key', 'default', 'values', 'verbs', 'what it is']),
    row(['-', '-', '-', '-', '-']),
    ...lines,
  ].join('\n');
}

/** docs/configuration.md, as Markdown. */
export function configurationPage(): string {
  const verbs = Object.entries(TRAINING_VERBS);
  const methods = Object.entries<Method>(METHODS).map(([name, { summary, source, rows, presets = {} }]) => {
    const named = [...new Set(['default', ...Object.keys(presets)])].map(code).join(', ');
    return row([code(name), summary, source, rows, named]);
  });
  const parts = [
    '# Configuration',
    'Made by `node scripts/configuration.mjs` of what the methods declare (`packages/training/src/methods`): do not edit it.',
    'Every key is a line of a YAML file (`--config FILE`), a flag (`--learning_rate 1e-4`) and, in camelCase, an option of the API. ' +
      'Flags override the file, the file overrides the preset (`--preset`). An unknown key is an error that names the nearest one.',
    '## Methods',
    [
      row(['verb', 'what it does', 'after', 'rows', 'presets']),
      row(['-', '-', '-', '-', '-']),
      ...methods,
    ].join('\n'),
    ...Object.entries(FIELD_GROUPS).flatMap(([title, keys]) => [`## ${title}`, table(keys, verbs)]),
  ];
  return `${parts.join('\n\n')}\n`;
}
