import { readFileSync } from 'node:fs';

import { ConfigError, FileFormatError, fileSystemError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { z } from 'zod';

import type { Row } from './convert.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import { parseYaml } from './yaml.js';

const column = z.string().min(1);
const text = z.union([column, z.array(column).min(1)]);
const chosenBy = <T extends z.ZodType>(value: T) =>
  z.union([column, z.strictObject({ column, values: z.record(z.string(), value) })]);

const fields = z.strictObject({
  id: column.optional(),
  prompt: text.optional(),
  chosen: text.optional(),
  rejected: text.optional(),
  completion: text.optional(),
  completions: z.tuple([text, text]).optional(),
  messages: z
    .union([
      column,
      z.strictObject({
        column,
        role: column,
        content: column,
        roles: z.record(z.string(), z.enum(['system', 'user', 'assistant', 'tool'])),
      }),
    ])
    .optional(),
  winner: chosenBy(z.enum(['a', 'b', 'tie'])).optional(),
  label: chosenBy(z.boolean()).optional(),
  margin: column.optional(),
  rationale: text.optional(),
});
const schema = fields.refine((keys) => Object.keys(keys).length > 0, 'a column for one of its keys at least');

/** A column, or a place in one (`turns.0`); of several, those that are not empty, with an empty line between. */
export type MappedText = string | string[];
/** A column, or what its values mean. */
export type MappedValue<T> = string | { column: string; values: Record<string, T> };

/** Which columns of a file are what, by the names of the columns that are read. One at least is there. */
export interface Mapping {
  id?: string;
  prompt?: MappedText;
  chosen?: MappedText;
  rejected?: MappedText;
  completion?: MappedText;
  completions?: [a: MappedText, b: MappedText];
  /** A column of messages, or of turns whose roles and contents have other names. */
  messages?:
    | string
    | {
        column: string;
        role: string;
        content: string;
        roles: Record<string, 'system' | 'user' | 'assistant' | 'tool'>;
      };
  winner?: MappedValue<'a' | 'b' | 'tie'>;
  label?: MappedValue<boolean>;
  margin?: string;
  rationale?: MappedText;
}

/** The content of a mapping file. @throws ConfigError naming the key */
export function parseMapping(content: unknown): Mapping {
  const result = schema.safeParse(content);
  if (!result.success) throw configError(result.error.issues[0]);
  return result.data;
}

export const isMapping = (value: unknown): value is Mapping => schema.safeParse(value).success;

/** A mapping of a YAML or JSON file. @throws ConfigError naming the key; FileFormatError when the file is no YAML */
export function loadMapping(path: string): Mapping {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileSystemError(path, 'a mapping of columns', error);
    throw new FileFormatError({ path, expected: 'YAML or JSON', received: error.message });
  }
  return parseMapping(content);
}

const KEY = 'dataset_shape';

function configError(issue: z.core.$ZodIssue): ConfigError {
  const path = [KEY, ...issue.path.map(String)].join('.');
  if (issue.code !== 'unrecognized_keys')
    return new ConfigError({ key: path, expected: issue.message, received: issue.input });
  const [key] = issue.keys;
  const known =
    issue.path.length === 0 ? Object.keys(fields.shape) : ['column', 'values', 'role', 'content', 'roles'];
  return new ConfigError({
    key: `${path}.${key}`,
    expected: `a key of a mapping (${known.join(', ')})`,
    received: key,
    nearest: nearest(key, known),
  });
}

/** A row in the columns that are read here. @returns a problem where a column is missing or holds a value that is mapped to none */
export function readMapped(mapping: Mapping, row: Row): Outcome<Row> {
  const mapped: Record<string, unknown> = {};
  for (const [name, where] of Object.entries(mapping)) {
    const read = valueOf(name, where, row);
    if (read.problem) return read;
    mapped[name] = read.value;
  }
  return { value: mapped };
}

function valueOf(name: string, where: NonNullable<Mapping[keyof Mapping]>, row: Row): Outcome<unknown> {
  if (typeof where === 'string') return columnAt(name, where, row);
  if (name === 'completions') return eachOf(where as [string, string], (each) => valueOf(name, each, row));
  if (Array.isArray(where)) return joined(name, where as string[], row);
  const read = columnAt(name, where.column, row);
  if (read.problem) return read;
  if ('roles' in where) return turnsOf(where, read.value);
  if (
    !('values' in where) ||
    typeof read.value === 'object' ||
    !Object.hasOwn(where.values, String(read.value))
  )
    return problem(
      'unknown-shape',
      `expected ${Object.keys((where as { values: object }).values).join(', ')} in ${where.column} (${name}), received ${JSON.stringify(read.value)}`,
    );
  return { value: where.values[String(read.value)] };
}

function columnAt(name: string, path: string, row: Row): Outcome<unknown> {
  const value = memberOf(row, path) ?? path.split('.').reduce<unknown>(memberOf, row);
  if (value !== undefined && value !== null) return { value };
  const received = Object.keys(row).join(', ');
  return problem('unknown-shape', `expected a column ${path} (${name}), received ${received}`);
}

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

function joined(name: string, [first, ...others]: readonly string[], row: Row): Outcome<string> {
  const begun = columnAt(name, first, row);
  if (begun.problem) return begun;
  const parts = [begun.value, ...others.map((path) => columnAt(name, path, row).value)];
  const filled = parts.filter((part) => part !== undefined && part !== '');
  if (filled.every((part) => typeof part === 'string')) return { value: filled.join('\n\n') };
  return problem('unknown-shape', `expected texts in ${[first, ...others].join(', ')} (${name})`);
}

interface Turns {
  column: string;
  role: string;
  content: string;
  roles: Readonly<Record<string, string>>;
}

function turnsOf({ column: path, role, content, roles }: Turns, turns: unknown): Outcome<unknown> {
  if (!Array.isArray(turns)) return problem('unknown-shape', `expected a list in ${path} (messages)`);
  return eachOf(turns as unknown[], (turn, i): Outcome<unknown> => {
    const said = memberOf(turn, role);
    if (typeof said === 'string' && Object.hasOwn(roles, said))
      return { value: { role: roles[said], content: memberOf(turn, content) } };
    return problem(
      'unknown-shape',
      `expected ${Object.keys(roles).join(', ')} in ${path}.${i}.${role}, received ${JSON.stringify(said)}`,
    );
  });
}

function eachOf<T>(all: readonly T[], read: (one: T, i: number) => Outcome<unknown>): Outcome<unknown[]> {
  const values: unknown[] = [];
  for (const [i, one] of all.entries()) {
    const { value, problem: fault } = read(one, i);
    if (fault) return { problem: fault };
    values.push(value);
  }
  return { value: values };
}
