import { mean } from '@selfjudge/base/internal';
import type { Verdict } from '@selfjudge/judging';
import type { Estimate } from './estimate.js';
import { grouped } from './grouped.js';
import { share } from './verdictSummary.js';

/** The subset of questions with several right answers. */
export const TIES = 'Ties';

/** A question, and what the judge says of each right answer against each wrong one. */
export interface RewardBench2Row {
  /** Of the ties subset `ref:N` or `tied:N`. */
  id: string;
  subset: string;
  /** By right answer, then by wrong one; a is the right one. */
  winners: readonly (readonly Verdict['winner'][])[];
  /** Of a judge that scores each answer, right ones then wrong ones. */
  scores?: { right: readonly number[]; wrong: readonly number[] };
}

/** What is said of the ties subset. */
export interface TiesScore {
  /** Share of questions whose right answers all win against all wrong ones: of those with one, and with several. */
  ref: Estimate;
  tied: Estimate;
  /**
   * The subset's score: 0.3 (ref + tied), and 0.4 for margins between right answers that are smaller than to the wrong ones, and
   * 0.01 for by how much. Absent of a judge that gives an answer no score of its own.
   */
  score?: number;
}

/** A judge by the rules of RewardBench 2 (Malik et al., arXiv 2506.01937). */
export interface RewardBench2 {
  subsets: { name: string; accuracy: Estimate }[];
  ties?: TiesScore;
  /** The mean of the subsets that are there; of a judge without scores that of the others than Ties. NaN without any. */
  score: number;
}

/**
 * Best of four: the right answer has to win against all others; where k - 1 of them are equal to it, it counts 1/k. A pair without
 * a verdict is lost. (`rewardbench/utils.py`: `reroll_and_score_dataset`, `process_single_model`.)
 */
export function rewardBench2(rows: readonly RewardBench2Row[]): RewardBench2 {
  const plain = rows.filter(({ subset }) => subset !== TIES);
  const subsets = [...grouped(plain, ({ subset }) => subset)].map(([name, of]) => ({
    name,
    accuracy: share(of.map(({ winners: [best] }) => pointsOfBest(best))),
  }));
  const tied = rows.filter(({ subset }) => subset === TIES);
  const ties = tied.length === 0 ? undefined : tiesScore(tied);
  const scores = [
    ...subsets.map(({ accuracy }) => accuracy.value),
    ...(ties?.score === undefined ? [] : [ties.score]),
  ];
  return { subsets, ...(ties !== undefined && { ties }), score: mean(scores) };
}

function pointsOfBest(winners: readonly Verdict['winner'][]): number {
  if (winners.some((winner) => winner !== 'a' && winner !== 'tie')) return 0;
  return 1 / (1 + winners.filter((winner) => winner === 'tie').length);
}

const MARGIN_WEIGHT = 0.2;

function tiesScore(rows: readonly RewardBench2Row[]): TiesScore {
  const kind = (name: string) => rows.filter(({ id }) => id.startsWith(`${name}:`));
  const accuracy = (of: readonly RewardBench2Row[]) =>
    share(of.map(({ winners }) => Number(winners.every((one) => one.every((winner) => winner === 'a')))));
  const [ref, tied] = [accuracy(kind('ref')), accuracy(kind('tied'))];
  if (rows.some(({ scores }) => scores === undefined)) return { ref, tied };
  const marginOf = ({ scores }: RewardBench2Row) => Math.min(...scores!.right) - Math.max(...scores!.wrong);
  const numberOf = ({ id }: RewardBench2Row) => id.slice(id.indexOf(':') + 1);
  const refs = new Map(kind('ref').map((row) => [numberOf(row), marginOf(row)]));
  const both = kind('tied').flatMap((row) => {
    const alone = refs.get(numberOf(row));
    const { right } = row.scores!;
    if (alone === undefined || right.length < 2) return [];
    const own = marginOf(row);
    return [{ own, least: Math.min(alone, own), spread: Math.max(...right) - Math.min(...right) }];
  });
  const shareOf = (values: number[]) => (values.length === 0 ? 0 : mean(values));
  const preferred = shareOf(both.map(({ own, spread }) => Number(own > spread)));
  const hard = shareOf(both.map(({ least, spread }) => Number(least > spread)));
  const spread = both.filter((one) => one.spread > 0);
  const margin = shareOf(spread.map((one) => Math.tanh(one.least / one.spread - 1)));
  return {
    ref,
    tied,
    score:
      0.3 * (orNothing(ref.value) + orNothing(tied.value)) +
      MARGIN_WEIGHT * (preferred + hard) +
      0.01 * margin,
  };
}

const orNothing = (value: number): number => (Number.isNaN(value) ? 0 : value);
