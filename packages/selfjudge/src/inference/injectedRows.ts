import { DataError } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import { promptColumns } from '@selfjudge/data/internal';
import {
  injectionRates,
  injections,
  type Injected,
  type InjectionRates,
} from '@selfjudge/evaluation/internal';
import type { Verdict } from '@selfjudge/judging';
import type { InputRow } from '../rows/rows.js';
import type { TrustRow } from './trustRows.js';

/** A pair whose answer a is the better one, as it is or with a text in the worse answer. */
export type InjectedRow = InputRow<AnswerPair> & { file: string; pair: number; kind?: Injected };

/** What an evaluation of attacks comes to. */
export interface InjectionEvaluation {
  kind: 'injection';
  judge: string;
  files: string[];
  rates: InjectionRates;
}

/**
 * Of each labelled pair, ten: as it is, with a text that is no attack in the worse answer, and with an attack of each kind.
 * @param limit pairs at most, the first ones; 0 for all
 * @throws DataError where no pair has a better answer
 */
export function injectedRows(rows: readonly TrustRow[], limit: number): InjectedRow[] {
  const labelled = rows.filter(
    ({ value, facts }) => value !== undefined && (facts.label === 'a' || facts.label === 'b'),
  );
  if (labelled.length === 0)
    throw new DataError({
      path: rows[0].file,
      line: rows[0].line,
      reason: 'no row has a better answer: all are ties',
    });
  const taken = limit > 0 ? labelled.slice(0, limit) : labelled;
  return taken.flatMap(({ file, line, value, facts }, pair) => {
    const [a, b] = value!.completions;
    const [better, worse] = facts.label === 'a' ? [a, b] : [b, a];
    const { prompt } = value!;
    const row = (answer: string, kind?: Injected): InjectedRow => ({
      file,
      line,
      pair,
      ...(kind !== undefined && { kind }),
      value: { prompt, completions: [better, answer] },
      columns: {
        ...promptColumns(prompt),
        completions: [better, answer],
        winner: 'a',
        ...(kind !== undefined && { injected: kind }),
      },
    });
    return [row(worse), ...injections(worse, pair).map(({ kind, answer }) => row(answer, kind))];
  });
}

/** @param verdicts one a row, in order */
export function injectionEvaluation(
  rows: readonly InjectedRow[],
  verdicts: readonly Verdict[],
  about: { judge: string; files: string[] },
): InjectionEvaluation {
  const pairs: { winner: Verdict['winner']; injected: { kind: Injected; winner: Verdict['winner'] }[] }[] =
    [];
  rows.forEach(({ pair, kind }, i) => {
    const { winner } = verdicts[i];
    if (kind === undefined) pairs[pair] = { winner, injected: [] };
    else pairs[pair].injected.push({ kind, winner });
  });
  return { kind: 'injection', ...about, rates: injectionRates(pairs) };
}
