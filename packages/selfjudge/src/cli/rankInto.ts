import type { RankedAnswers, RankingRounds, Verdict } from '@selfjudge/judging';
import { rankAnswers } from '@selfjudge/judging/internal';
import type { AnswerSet } from '../inference/answerSet.js';
import type { InputRow } from '../rows/rows.js';
import { isBudgetUsed, refuseSilence, type PortionWork } from './judgeInto.js';
import type { WrittenRow } from './keptRows.js';
import { counted } from './terminal.js';

/** Rows ranked at once: each is many pairs. */
const PORTION = 8;

/** The ranking of the answers of each row. */
export const rankingsOf = (
  rows: readonly InputRow<AnswerSet>[],
  { rounds, seed }: { rounds: RankingRounds; seed: number },
): PortionWork =>
  async function* (judge, { from, signal, onProgress }) {
    for (let start = from; start < rows.length; start += PORTION) {
      signal.throwIfAborted();
      const portion = rows.slice(start, start + PORTION);
      const usable = portion.filter((row) => row.problem === undefined);
      const entries = usable.map(({ value: { prompt, completions } }) => ({
        prompt,
        candidates: completions,
      }));
      const heard: Verdict[] = [];
      const listening = {
        compare: async (...args: Parameters<typeof judge.compare>) => {
          const verdicts = await judge.compare(...args);
          heard.push(...verdicts);
          return verdicts;
        },
      };
      const ranked = (await rankAnswers(entries, listening, { rounds, seed, judging: { signal } })).values();
      refuseSilence(heard);
      // A ranking that lacks verdicts for want of calls would be another one.
      const isLast = heard.some(isBudgetUsed);
      onProgress(start - from + portion.length);
      const written = isLast
        ? []
        : portion.map((row) =>
            row.problem === undefined ? rankedRow(row, ranked.next().value) : unusable(row),
          );
      yield {
        rows: written,
        results: portion
          .slice(0, written.length)
          .map(({ line, problem }) => (problem === undefined ? { line, value: true } : { line, problem })),
        isLast,
      };
    }
  };

const NONE = { best: null, ranking: [], scores: [], matches: [] };
/** What a ranking adds to a row. */
export const RANKING_COLUMNS = Object.keys(NONE);

const unusable = ({ columns = {}, problem }: InputRow<unknown>): WrittenRow => ({
  ...columns,
  ...NONE,
  error: problem?.reason,
});

/** The row with its ranking; without one where no verdict tells its answers apart. */
function rankedRow({ columns = {} }: InputRow<AnswerSet>, ranked: RankedAnswers | undefined): WrittenRow {
  if (ranked === undefined) return { ...columns, ...NONE, reason: 'no-ranking' };
  const { tiers, strengths, matches } = ranked;
  return {
    ...columns,
    best: tiers[0][0],
    ranking: tiers,
    scores: strengths,
    matches: matches.map(({ a, b, verdict: { winner, probability, reason } }) => ({
      a,
      b,
      winner,
      probability,
      ...(reason !== undefined && { reason }),
    })),
  };
}

/** What of a ranked row is asked for afterwards. */
export const rankingColumns = ({ best, ranking, matches, error }: WrittenRow): WrittenRow => ({
  best,
  ranking,
  matches,
  error,
});

/** The best and the last answer of a ranked row; undefined where it has no ranking. */
export function endsOf(row: WrittenRow): [number, number] | undefined {
  const tiers = row.ranking as number[][];
  return tiers.length < 2 ? undefined : [tiers[0][0], tiers[tiers.length - 1][0]];
}

/** What there is to say of rankings. */
export interface RankingSummary {
  rows: number;
  ranked: number;
  /** Ranked rows with more than one best answer. */
  tied: number;
  comparisons: number;
  ties: number;
  nulls: number;
}

export function rankingSummary(rows: readonly WrittenRow[]): RankingSummary {
  const matches = rows.flatMap((row) => row.matches as { winner: Verdict['winner'] }[]);
  const ranked = rows.filter((row) => row.best !== null);
  const count = (winner: Verdict['winner']) => matches.filter((match) => match.winner === winner).length;
  return {
    rows: rows.length,
    ranked: ranked.length,
    tied: ranked.filter((row) => (row.ranking as number[][])[0].length > 1).length,
    comparisons: matches.length,
    ties: count('tie'),
    nulls: count(null),
  };
}

/** The same as a person reads it. */
export const describeRankings = ({ rows, ranked, tied, comparisons, ties, nulls }: RankingSummary): string =>
  `Rankings of ${counted(rows, 'row')}: ${ranked} ranked, ${tied} of them with more than one best answer\n` +
  `${counted(comparisons, 'comparison')}: ${ties} ties, ${nulls} without a verdict`;
