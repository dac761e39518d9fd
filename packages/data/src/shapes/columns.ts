import { show } from '@selfjudge/base';
import type { Message } from '@selfjudge/text';

import type { Row } from '../convert.js';
import { problem } from '../problem.js';

/** A question as one user turn, whatever a string prompt of other rows is. What it is about follows after an empty line. */
export function question(instruction: unknown, input?: unknown): Message[] {
  const parts = [instruction, input].filter((part) => typeof part === 'string' && part !== '');
  return [{ role: 'user', content: parts.join('\n\n') }];
}

/** Whether values are text. */
export const areTexts = (values: readonly unknown[]): values is string[] =>
  values.every((value) => typeof value === 'string');

/** The problem of the first of these columns that does not hold text; undefined where all do. */
export function noText(row: Row, ...names: readonly string[]): ReturnType<typeof problem> | undefined {
  const name = names.find((one) => typeof row[one] !== 'string');
  return name === undefined ? undefined : wrong(`a text in ${name}`, row[name]);
}

/** A list of texts as it stands, or as a cell of a table writes it; undefined for what is none. */
export function textList(value: unknown): string[] | undefined {
  const list = typeof value === 'string' && value.startsWith('[') ? parsed(value) : value;
  return Array.isArray(list) && areTexts(list) ? list : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param expected in words, with the columns' names */
export const wrong = (expected: string, received: unknown) =>
  problem(
    'unknown-shape',
    `expected ${expected}, received ${typeof received === 'string' ? JSON.stringify(received) : show(received)}`,
  );
