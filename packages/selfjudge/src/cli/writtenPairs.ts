import { resolve } from 'node:path';
import { ConfigError } from '@selfjudge/base';
import type { AnswerPair, ProblemCode } from '@selfjudge/data';
import { promptColumns, toPreferencePair } from '@selfjudge/data/internal';
import type { Verdict } from '@selfjudge/judging';
import type { InputRow } from '../rows/rows.js';
import { leads } from './exit.js';
import { filesOfRows } from './rowsState.js';
import { isFileOutput, outputPath, withOutput } from './output.js';

/**
 * Looks at the file for pairs before any work.
 * @throws ConfigError when it is an input, another output or no file
 */
export function pairsPath(
  given: string | undefined,
  inputs: readonly (string | undefined)[],
  out: string | undefined,
): string | undefined {
  const key = '--write_pairs';
  const path = outputPath(given, inputs, key);
  if (given !== undefined && path === undefined)
    throw new ConfigError({ key, expected: 'a file', received: given });
  if (path === undefined) return undefined;
  // Those of the rows need not be there yet.
  if (out !== undefined && filesOfRows(out).some((file) => resolve(file) === resolve(path)))
    throw new ConfigError({ key, expected: 'another file than those of --out', received: path });
  isFileOutput(path, key);
  return path;
}

/**
 * Writes the pairs that verdicts make of rows, for the methods that train on preferences. What is none is left out: ties, rows without a
 * verdict, and what those methods would leave out.
 * @param verdicts one a row
 * @returns what was written and what was left out, in words
 */
export async function writePairs(
  path: string,
  rows: readonly InputRow<AnswerPair>[],
  verdicts: readonly Pick<Verdict, 'winner'>[],
): Promise<string> {
  const lines: string[] = [];
  const leftOut = new Map<string, number>();
  for (const [i, { value }] of rows.entries()) {
    const pair = pairOf(value, verdicts[i].winner);
    if (typeof pair === 'object') lines.push(`${JSON.stringify(pair)}\n`);
    else leftOut.set(pair, (leftOut.get(pair) ?? 0) + 1);
  }
  await withOutput(
    leads() ? path : undefined,
    () => {},
    async (write) => lines.forEach(write),
  );
  const others = [...leftOut].map(([why, count]) => `${count} ${why}`).join(', ');
  return `${lines.length} pairs in ${path}${others === '' ? '' : `; left out: ${others}`}`;
}

/** The pair, or why there is none. */
function pairOf(value: AnswerPair | undefined, winner: Verdict['winner']): object | string {
  if (value === undefined || winner === null) return 'without a verdict';
  if (winner === 'tie') return 'ties';
  const [a, b] = value.completions;
  const [chosen, rejected] = winner === 'a' ? [a, b] : [b, a];
  const pair = { ...promptColumns(value.prompt), chosen, rejected };
  const { problem } = toPreferencePair(pair, '');
  return problem === undefined ? pair : (WORDS[problem.code] ?? problem.code);
}

const WORDS: Partial<Record<ProblemCode, string>> = {
  'empty-answer': 'with an empty answer',
  'equal-answers': 'of equal answers',
};
