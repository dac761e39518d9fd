import type { Row } from '@selfjudge/data';
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

/**
 * Which two answers a row says that it is of (`best_of`), as rows of RewardBench 2 are read; undefined of other rows.
 * @param line its question, where it has no id
 */
export function bestOfPlace({ best_of: bestOf, subset }: Row, line: number): BestOfPlace | undefined {
  if (typeof bestOf !== 'object' || bestOf === null || typeof subset !== 'string') return undefined;
  const { id, right, wrong } = bestOf as Record<string, unknown>;
  if (!Number.isSafeInteger(right) || !Number.isSafeInteger(wrong)) return undefined;
  const name = typeof id === 'string' ? id : String(line);
  return { id: name, subset, right: right as number, wrong: wrong as number };
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
