import { show } from '@selfjudge/base';
import type { Message } from '@selfjudge/text';

import { problem } from '../problem.js';

/** A question as one user turn, whatever a string prompt of other rows is. What it is about follows after an empty line. */
export function question(instruction: unknown, input?: unknown): Message[] {
  const parts = [instruction, input].filter((part) => typeof part === 'string' && part !== '');
  return [{ role: 'user', content: parts.join('\n\n') }];
}

/** Whether columns hold text; a row without is a problem. */
export const areTexts = (...values: readonly unknown[]): boolean =>
  values.every((value) => typeof value === 'string');

/** @param expected in words, with the columns' names */
export const wrong = (expected: string, received: unknown) =>
  problem(
    'unknown-shape',
    `expected ${expected}, received ${typeof received === 'string' ? JSON.stringify(received) : show(received)}`,
  );
