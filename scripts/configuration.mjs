// node scripts/configuration.mjs [--print]: docs/configuration.md, made of what the methods and the configuration declare.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { z } from '../packages/selfjudge/node_modules/zod/index.js';
import { FIELD_GROUPS, TRAINING_VERBS } from '../packages/selfjudge/dist/config/index.js';
import { METHODS } from '../packages/training/dist/index.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const PAGE = 'docs/configuration.md';

const code = (value) => `\`${[value].flat().join(' ')}\``;

/** What a key takes, in words. */
function values(schema) {
  const {
    type,
    enum: choices,
    minimum,
    maximum,
    exclusiveMinimum,
    exclusiveMaximum,
  } = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    io: 'input',
  });
  if (choices) return choices.map(code).join(', ');
  if (type === 'boolean') return 'true, false';
  if (type !== 'number' && type !== 'integer') return '';
  const unbounded = Number.MAX_SAFE_INTEGER;
  const bounds = [
    minimum > -unbounded && `at least ${minimum}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    maximum < unbounded && `at most ${maximum}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
  ].filter(Boolean);
  return [type === 'integer' ? 'a whole number' : 'a number', ...bounds].join(' ');
}

const row = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;

/** Keys of a group, with the default of each verb that has another one than the first. */
function table(fields, verbs) {
  const lines = Object.keys(fields).flatMap((key) => {
    const having = verbs.filter(([, { fields: own }]) => key in own);
    if (having.length === 0) return [];
    const defaults = new Map();
    for (const [name, { presets }] of having) {
      const value = presets.default[key];
      const shown = value === undefined ? '' : code(value);
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

export async function page() {
  const verbs = Object.entries(TRAINING_VERBS);
  const methods = Object.entries(METHODS).map(([name, { summary, source, rows, presets = {} }]) => {
    const named = ['default', ...Object.keys(presets)].map(code).join(', ');
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
    ...Object.entries(FIELD_GROUPS).flatMap(([title, fields]) => [`## ${title}`, table(fields, verbs)]),
  ];
  const options = { ...(await prettier.resolveConfig(join(root, PAGE))), parser: 'markdown' };
  return prettier.format(`${parts.join('\n\n')}\n`, options);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await page();
  if (process.argv.includes('--print')) process.stdout.write(text);
  else writeFileSync(join(root, PAGE), text);
}
