import { mean } from '@selfjudge/base/internal';
import type { Estimate } from '@selfjudge/evaluation';
import { bootstrapMean } from '@selfjudge/evaluation/internal';
import type { Judge } from '@selfjudge/judging';
import { consult } from '@selfjudge/judging/internal';
import { gold, repeatsAnItem } from './gold.js';
import type { WorldPrompt } from './prompts.js';
import { joinWords } from './writer.js';

/** Decoded tokens as the world writes: the gold rules read spaces. */
export const worldText = (decoded: string): string => joinWords(decoded.match(/\w+|[^\w\s]/g) ?? []);

/** What the answers to one prompt are worth, as means over them, each 0 .. 1. */
export interface PromptScore {
  /** The combination: prompts that share it were held out together. */
  key: string;
  gold: number;
  /** Share of answers with gold 1. */
  perfect: number;
  /** Share of comparisons with the baseline's answers that are won, all against all, ties half. */
  win: number;
}

/** What a set of answers is worth. Intervals are bootstrapped over the held-out combinations. */
export interface WorldScore {
  gold: Estimate;
  perfect: Estimate;
  win: Estimate;
  /** Share of list answers that name an item twice: not scored by gold. */
  repeat: number;
  /** Words an answer. */
  words: number;
  prompts: PromptScore[];
}

/**
 * @param answers of each prompt, any number
 * @param baseline answers of each prompt to win against
 */
export function measure(
  prompts: readonly WorldPrompt[],
  answers: readonly string[][],
  baseline: readonly string[][],
): WorldScore {
  const scores = prompts.map((prompt, i): PromptScore => {
    const own = answers[i].map((answer) => gold(prompt, answer).score);
    const others = baseline[i].map((answer) => gold(prompt, answer).score);
    return {
      key: prompt.key,
      gold: mean(own),
      perfect: mean(own.map((score) => (score === 1 ? 1 : 0))),
      win: mean(own.flatMap((score) => others.map((other) => (Math.sign(score - other) + 1) / 2))),
    };
  });
  const lists = answers.flatMap((of, i) => (prompts[i].family === 'list' ? of : []));
  return {
    gold: over(scores, (score) => score.gold),
    perfect: over(scores, (score) => score.perfect),
    win: over(scores, (score) => score.win),
    repeat: mean(lists.map((answer) => Number(repeatsAnItem(answer)))),
    words: mean(answers.flat().map((answer) => answer.split(' ').length)),
    prompts: scores,
  };
}

/** How much better `a` is than `b` on the same prompts, with intervals of the difference itself. */
export function difference(a: WorldScore, b: WorldScore): { gold: Estimate; win: Estimate } {
  const of = (value: (score: PromptScore) => number) =>
    bootstrapMean(a.prompts.map((own, i) => ({ group: own.key, value: value(own) - value(b.prompts[i]) })));
  return { gold: of((score) => score.gold), win: of((score) => score.win) };
}

const over = (scores: readonly PromptScore[], value: (score: PromptScore) => number): Estimate =>
  bootstrapMean(scores.map((score) => ({ group: score.key, value: value(score) })));

/** How often a judge agrees with gold on neighbouring answers to a prompt that gold does not tie; its ties count half. */
export async function judgeAccuracy(
  judge: Judge,
  prompts: readonly WorldPrompt[],
  answers: readonly string[][],
  signal?: AbortSignal,
): Promise<Estimate> {
  const pairs = answers.flatMap((of, i) =>
    of.flatMap((a, j) => {
      const b = of[j + 1];
      if (j % 2 === 1 || b === undefined) return [];
      const ahead = gold(prompts[i], a).score - gold(prompts[i], b).score;
      return ahead === 0 ? [] : [{ prompt: prompts[i], a, b, better: ahead > 0 ? 'a' : 'b' }];
    }),
  );
  const asked = pairs.map(({ prompt, a, b }) => ({ prompt: prompt.text, a, b }));
  const verdicts = await consult(judge, asked, 'judgeAccuracy', { signal });
  const items = verdicts.map(({ winner }, i) => ({
    group: pairs[i].prompt.key,
    value: winner === pairs[i].better ? 1 : winner === 'tie' ? 0.5 : 0,
  }));
  return bootstrapMean(items);
}
