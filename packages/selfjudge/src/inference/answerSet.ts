import type { AnswerPair, Outcome, Row, Text } from '@selfjudge/data';
import { toAnswerPair } from '@selfjudge/data/internal';
import type { InputRow } from '../rows/rows.js';

/** Two or more answers to a prompt. */
export interface AnswerSet {
  prompt: Text;
  completions: string[];
}

/** A row of two answers as `toAnswerPair` reads it; of more in `completions`, each read beside the first. */
export function toAnswerSet(row: Row, options: Parameters<typeof toAnswerPair>[1]): Outcome<AnswerSet> {
  const { completions } = row;
  if (!Array.isArray(completions) || completions.length <= 2) return toAnswerPair(row, options);
  const [first, ...others] = completions as unknown[];
  const texts: string[] = [];
  let prompt: Text | undefined;
  for (const other of others) {
    const { value, problem } = toAnswerPair({ ...row, completions: [first, other] }, options);
    if (problem !== undefined) return { problem };
    prompt ??= value.prompt;
    texts.push(...value.completions.slice(texts.length === 0 ? 0 : 1));
  }
  return { value: { prompt: prompt!, completions: texts } };
}

/** Whether some row has more than two answers: they are then ranked. */
export const holdsMore = (rows: readonly InputRow<AnswerSet>[]): boolean =>
  rows.some(({ value }) => value !== undefined && value.completions.length > 2);

/** Rows of answers, each with the two that are meant. @param meant indices of them; undefined for no pair of use */
export const pairsOf = (
  rows: readonly InputRow<AnswerSet>[],
  meant: (row: number) => readonly [number, number] | undefined = () => [0, 1],
): InputRow<AnswerPair>[] =>
  rows.map((row, i) => {
    if (row.value === undefined) return row;
    const [a, b] = meant(i) ?? [0, 0];
    const { prompt, completions } = row.value;
    return { ...row, value: { prompt, completions: [completions[a], completions[b]] } };
  });
