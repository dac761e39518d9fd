import type { AnswerPair, Outcome, Row } from '@selfjudge/data';
import { toAnswerPair } from '@selfjudge/data/internal';
import { grouped, type RewardBench2Row } from '@selfjudge/evaluation/internal';
import type { Verdict } from '@selfjudge/judging';

/** Which two answers of a question a pair is of. */
export interface BestOfPlace {
  id: string;
  subset: string;
  /** Index of the right answer among the right ones, and of the wrong one among the wrong ones. */
  right: number;
  wrong: number;
}

type BestOfPair = Outcome<AnswerPair> & {
  columns: Row;
  facts: { label: 'a'; ordered: true; bestOf: BestOfPlace };
};

const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

/** A row of RewardBench 2: a question, right answers and wrong ones. */
export const isBestOf = (
  row: Row,
): row is Row & { prompt: string; chosen: string[]; rejected: string[]; subset: string } =>
  typeof row.prompt === 'string' &&
  typeof row.subset === 'string' &&
  areTexts(row.chosen) &&
  areTexts(row.rejected);

/** Its pairs, right answer by right answer. The prompt is a user's turn, whatever a string prompt of other rows is. */
export function bestOfPairs(
  {
    id,
    prompt,
    chosen,
    rejected,
    subset,
  }: Row & { prompt: string; chosen: string[]; rejected: string[]; subset: string },
  line: number,
): BestOfPair[] {
  const name = typeof id === 'string' || typeof id === 'number' ? String(id) : String(line);
  return chosen.flatMap((a, right) =>
    rejected.map((b, wrong): BestOfPair => {
      const columns = {
        id: `${name}/${right}/${wrong}`,
        prompt: [{ role: 'user', content: prompt }],
        completions: [a, b],
        winner: 'a',
        subset,
      };
      const facts = { label: 'a', ordered: true, bestOf: { id: name, subset, right, wrong } } as const;
      return { columns, facts, ...toAnswerPair(columns) };
    }),
  );
}

/** The questions that judged pairs are of. A pair that was left out has no verdict. */
export function questionsOf(pairs: readonly { bestOf: BestOfPlace; verdict: Verdict }[]): RewardBench2Row[] {
  return [...grouped(pairs, ({ bestOf: { subset, id } }) => JSON.stringify([subset, id])).values()].map(
    (of) => {
      const { id, subset } = of[0].bestOf;
      const count = (side: 'right' | 'wrong') => 1 + Math.max(...of.map(({ bestOf }) => bestOf[side]));
      const winners = Array.from({ length: count('right') }, () =>
        Array.from({ length: count('wrong') }, (): Verdict['winner'] => null),
      );
      for (const { bestOf, verdict } of of) winners[bestOf.right][bestOf.wrong] = verdict.winner;
      const scores = scoresOf(of);
      return { id, subset, winners, ...(scores !== undefined && { scores }) };
    },
  );
}

/** Of a judge that scores each answer by itself; of others a score says something of its pair alone. */
function scoresOf(
  of: readonly { bestOf: BestOfPlace; verdict: Verdict }[],
): RewardBench2Row['scores'] | undefined {
  const right: number[] = [];
  const wrong: number[] = [];
  for (const { bestOf, verdict } of of) {
    const { scoreA, scoreB, evidence } = verdict;
    if (evidence !== undefined || !Number.isFinite(scoreA + scoreB)) return undefined;
    right[bestOf.right] = scoreA;
    wrong[bestOf.wrong] = scoreB;
  }
  return { right, wrong };
}
