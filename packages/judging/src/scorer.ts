import type { Text } from '@selfjudge/data';
import { check } from '@selfjudge/base/checks';
import { scoreArguments, scoresOn } from './checks.js';
import type { CompareOptions } from './judge.js';
import type { JudgePair } from './pair.js';

/** An answer to be scored, and what it answers. */
export interface ScoredAnswer {
  prompt: Text;
  answer: string;
}

/** Whoever gives each answer a number: a reward model, a rule, a count. */
export interface Scorer {
  /** @returns one finite number an answer, in the order of the answers, larger for better; NaN where there is no score */
  score(answers: readonly ScoredAnswer[], options?: CompareOptions): Promise<number[]>;
}

/**
 * What a scorer says, looked at before anything follows from it.
 * @param where the function that asks
 * @throws ArgumentError when it does not say a finite number or NaN of each answer
 */
export async function scoresOf(
  scorer: Scorer,
  answers: readonly ScoredAnswer[],
  where: string,
  options: CompareOptions = {},
): Promise<number[]> {
  const scores = await scorer.score(answers, options);
  scoresOn(answers.length)(scores, 'scores', where);
  return scores;
}

/** A scorer made of a function, which gets answers and options that are what they should be. @param where its name in errors */
export function scorerBy(
  where: string,
  score: (answers: readonly ScoredAnswer[], options: CompareOptions) => Promise<number[]>,
): Scorer {
  return {
    async score(answers, options = {}) {
      check(where, { answers, options }, scoreArguments);
      return score(answers, options);
    },
  };
}

/** The answers of pairs, each distinct one to a prompt once, and which two of them each pair is. */
export function distinctAnswers(pairs: readonly JudgePair[]): {
  answers: ScoredAnswer[];
  sides: [a: number, b: number][];
} {
  const answers: ScoredAnswer[] = [];
  const known = new Map<string, number>();
  const indexOf = (prompt: Text, answer: string): number => {
    const key = JSON.stringify([prompt, answer]);
    const index = known.get(key) ?? answers.push({ prompt, answer }) - 1;
    known.set(key, index);
    return index;
  };
  const sides = pairs.map(({ prompt, a, b }): [number, number] => [indexOf(prompt, a), indexOf(prompt, b)]);
  return { answers, sides };
}
