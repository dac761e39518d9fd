import { mean } from '@selfjudge/base/internal';
import type { Estimate } from '@selfjudge/evaluation';
import { bootstrapMean } from '@selfjudge/evaluation/internal';
import type { Judge, Verdict } from '@selfjudge/judging';
import { consult } from '@selfjudge/judging/internal';
import { joinWords, readAnswer, wordsOf } from './answer.js';
import { SLOTS, type Slot } from './facts.js';
import { gold } from './gold.js';
import type { WorldPrompt } from './prompts.js';

/** Decoded tokens as the world writes: the gold rules read spaces. */
export const worldText = (decoded: string): string => joinWords(wordsOf(decoded));

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
  /** Per slot, over the prompts that ask for it, 0 .. 1. */
  slots: Record<Slot, number>;
  /** Tokens an answer. */
  tokens: number;
  /** Items named less items asked for, of answers that have the shape of one. */
  surplus: number;
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
  const read = answers.flatMap((of, i) => of.map((text) => ({ prompt: prompts[i], text })));
  const slots = Object.fromEntries(
    SLOTS.map((slot) => {
      const worth = read.flatMap(({ prompt, text }) => gold(prompt, text).slots.get(slot) ?? []);
      return [slot, mean(worth)];
    }),
  ) as Record<Slot, number>;
  const surplus = read.flatMap(({ prompt, text }) => {
    const answer = readAnswer(text);
    return answer === undefined ? [] : [answer.items.length - prompt.count];
  });
  return {
    gold: over(scores, (score) => score.gold),
    perfect: over(scores, (score) => score.perfect),
    win: over(scores, (score) => score.win),
    slots,
    tokens: mean(read.map(({ text }) => wordsOf(text).length)),
    surplus: mean(surplus),
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

/** What a judge says of neighbouring answers to a prompt, beside gold. */
export interface JudgeScore {
  /** Share of the pairs that gold does not tie in which it names the better; ties, and pairs of which it says nothing, count half. */
  accuracy: Estimate;
  /** Of the pairs of unequal length: how often it names the longer one, and how often that is the better one. */
  picksLonger: number;
  longerIsBetter: number;
}

/** What a side wins of a verdict: 1 or 0, and half of a tie or of none. */
export const winOf = (winner: Verdict['winner'], side: 'a' | 'b'): number =>
  winner === null || winner === 'tie' ? 0.5 : Number(winner === side);

export async function scoreJudge(
  judge: Judge,
  prompts: readonly WorldPrompt[],
  answers: readonly string[][],
  signal?: AbortSignal,
): Promise<JudgeScore> {
  const pairs = answers.flatMap((of, i) =>
    of.flatMap((a, j) => {
      const b = of[j + 1];
      if (j % 2 === 1 || b === undefined) return [];
      const ahead = gold(prompts[i], a).score - gold(prompts[i], b).score;
      return ahead === 0
        ? []
        : [{ prompt: prompts[i], a, b, better: ahead > 0 ? ('a' as const) : ('b' as const) }];
    }),
  );
  const asked = pairs.map(({ prompt, a, b }) => ({ prompt: prompt.text, a, b }));
  const verdicts = await consult(judge, asked, 'scoreJudge', { signal });
  const unequal = pairs.flatMap(({ a, b, better }, i) => {
    const longer = Math.sign(wordsOf(a).length - wordsOf(b).length);
    if (longer === 0) return [];
    const side = longer > 0 ? 'a' : 'b';
    return [{ picked: winOf(verdicts[i].winner, side), better: winOf(better, side) }];
  });
  return {
    accuracy: bootstrapMean(
      verdicts.map(({ winner }, i) => ({
        group: pairs[i].prompt.key,
        value: winOf(winner, pairs[i].better),
      })),
    ),
    picksLonger: mean(unequal.map(({ picked }) => picked)),
    longerIsBetter: mean(unequal.map(({ better }) => better)),
  };
}
