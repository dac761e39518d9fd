import { bootstrapMean, wilson, type Estimate } from '@selfjudge/evaluation';
import type { Judge } from '@selfjudge/judging';
import { gold, repeatsAnItem } from './gold.js';
import type { WorldPrompt } from './prompts.js';
import { joinWords } from './writer.js';

/** Decoded tokens as the world writes: the gold rules read spaces. */
export const worldText = (decoded: string): string => joinWords(decoded.match(/\w+|[^\w\s]/g) ?? []);

/** What a set of answers is worth. Intervals are bootstrapped over the held-out combinations. */
export interface WorldScore {
  gold: Estimate;
  /** Share of answers with gold 1. */
  perfect: Estimate;
  /** Wins against the baseline's answers to the same prompt, all against all, ties half. */
  win?: Estimate;
  /** Share of list answers that name an item twice: not scored by gold. */
  repeat: number;
  /** Words. */
  length: number;
}

/**
 * @param answers of each prompt, any number
 * @param baseline answers of each prompt to win against
 */
export function measure(prompts: readonly WorldPrompt[], answers: readonly string[][], baseline?: readonly string[][]): WorldScore {
  const scores = answers.map((of, i) => of.map((answer) => gold(prompts[i], answer).score));
  const items = (value: (score: number, i: number) => number) =>
    scores.flatMap((of, i) => of.map((score) => ({ group: prompts[i].key, value: value(score, i) })));
  const before = baseline?.map((of, i) => of.map((answer) => gold(prompts[i], answer).score));
  const beats = (score: number, others: readonly number[]) =>
    others.reduce((sum, other) => sum + (Math.sign(score - other) + 1) / 2, 0) / others.length;
  const lists = answers.flatMap((of, i) => (prompts[i].family === 'list' ? of : []));
  const all = answers.flat();
  return {
    gold: bootstrapMean(items((score) => score)),
    perfect: bootstrapMean(items((score) => (score === 1 ? 1 : 0))),
    win: before && bootstrapMean(items((score, i) => beats(score, before[i]))),
    repeat: lists.filter(repeatsAnItem).length / lists.length,
    length: all.reduce((sum, answer) => sum + answer.split(' ').length, 0) / all.length,
  };
}

/** How often a judge agrees with gold on pairs of sampled answers that gold does not tie. */
export async function judgeAccuracy(judge: Judge, prompts: readonly WorldPrompt[], answers: readonly string[][]): Promise<Estimate> {
  const pairs = answers.flatMap((of, i) =>
    of.flatMap((a, j) => {
      const b = of[j + 1];
      if (j % 2 === 1 || b === undefined) return [];
      const difference = gold(prompts[i], a).score - gold(prompts[i], b).score;
      return difference === 0 ? [] : [{ pair: { prompt: prompts[i].text, a, b }, better: difference > 0 ? 'a' : 'b' }];
    }),
  );
  const verdicts = await judge.compare(pairs.map(({ pair }) => pair));
  const points = verdicts.reduce(
    (sum, { winner }, i) => sum + (winner === pairs[i].better ? 1 : winner === 'tie' ? 0.5 : 0),
    0,
  );
  return wilson(points, pairs.length);
}
