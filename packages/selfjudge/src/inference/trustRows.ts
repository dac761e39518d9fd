import { ConfigError, DataError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import type { AnswerPair, Outcome, PromptFormat, Row, RowShape } from '@selfjudge/data';
import { readDataFile, toAnswerPair } from '@selfjudge/data/internal';
import type { Better } from '@selfjudge/evaluation/internal';
import { assertUsable, type InputRow } from '../rows/rows.js';
import { labelOf } from './knownVerdicts.js';
import { bestOfPlace, type BestOfPlace } from './bestOfRows.js';
import { peopleOf, writersOf } from './rowPeople.js';

/** What a row says of its two answers. */
export interface RowFacts {
  label?: Better;
  /** A label that is none of those there are. */
  unknown?: unknown;
  /** The label only says which of both stands first: `{chosen, rejected}`. */
  ordered?: boolean;
  people?: Record<string, Better>;
  writers?: [a: string, b: string];
  /** Of a question with several answers, which two these are. */
  bestOf?: BestOfPlace;
}

/** A row to be judged whose better answer may be known. */
export type TrustRow = InputRow<AnswerPair> & { file: string; facts: RowFacts };

/**
 * The pairs of labelled files, one after the other. A question of RewardBench 2, with lists of right and of wrong answers, is a
 * pair of each right one and each wrong one.
 * @throws DataError for a file of which no row can be used, or where no row has a label
 */
export async function readTrustRows(
  paths: readonly string[],
  { promptFormat, shape }: { promptFormat: PromptFormat; shape?: RowShape },
): Promise<TrustRow[]> {
  const all: TrustRow[] = [];
  for (const file of paths) {
    const { rows, issues } = await readDataFile(file, { shape });
    const read = rows.map(({ line, value, columns }): TrustRow => {
      const pair = toAnswerPair(value, { promptFormat });
      const bestOf = bestOfPlace(value, line);
      // Of a question with several answers each pair has columns of its own.
      return bestOf === undefined
        ? { file, line, columns, ...distinct(pair, factsOf(value, columns)) }
        : { file, line, columns: value, facts: { label: 'a', ordered: true, bestOf }, ...pair };
    });
    for (const { line, code, reason } of issues)
      read.push({ file, line, facts: {}, problem: { code, reason } });
    read.sort((a, b) => a.line - b.line);
    assertUsable(file, read);
    for (const row of read) all.push(row);
  }
  if (!all.some(({ facts, problem }) => problem === undefined && facts.label !== undefined))
    throw new DataError({
      path: paths[0],
      line: all[0].line,
      reason:
        'no row says which answer is better: expected chosen and rejected, or a winner (a, b, tie); judge gives verdicts on rows without',
    });
  return all;
}

/** A pair and what its row says of it; a problem where the row prefers one of two equal answers. */
function distinct(pair: Outcome<AnswerPair>, facts: RowFacts): Outcome<AnswerPair> & { facts: RowFacts } {
  const [a, b] = pair.value?.completions ?? [];
  const prefers = facts.label === 'a' || facts.label === 'b';
  if (!prefers || a === undefined || a.trim() !== b?.trim()) return { ...pair, facts };
  return { problem: { code: 'equal-answers', reason: 'both answers are equal' }, facts };
}

/** @param value in the columns that are read, @param columns as the file has them */
function factsOf(value: Row, columns: Row): RowFacts {
  const { label, unknown } = { label: undefined, ...labelOf(value) };
  const ordered = value.completions === undefined && value.chosen !== undefined;
  const people = peopleOf(columns);
  const writers = writersOf(columns, ordered);
  return {
    ...(label !== undefined && { label }),
    ...(unknown !== undefined && { unknown }),
    ...(ordered && { ordered }),
    ...(people !== undefined && { people }),
    ...(writers !== undefined && { writers }),
  };
}

/** @throws ConfigError when no answer is by this name */
export function assertWriter(own: string | undefined, rows: readonly TrustRow[]): void {
  const names = [...new Set(rows.flatMap(({ facts }) => facts.writers ?? []))];
  if (own === undefined || names.includes(own)) return;
  throw new ConfigError({
    key: 'own_model',
    expected:
      names.length === 0
        ? 'rows that say who wrote their answers (chosen_model and rejected_model, model_a and model_b, generator_1 and generator_2)'
        : `one of those who wrote the answers: ${names.join(', ')}`,
    received: own,
    nearest: nearest(own, names),
  });
}
