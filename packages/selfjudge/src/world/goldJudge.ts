import type { Judge, Scorer } from '@selfjudge/judging';
import { fromScorer } from '@selfjudge/judging/internal';
import { gold } from './gold.js';
import { worldText } from './measure.js';
import { promptsByText } from './prompts.js';

/** Who is always right: the exact score of an answer. */
export function goldScorer(): Scorer {
  const prompts = promptsByText();
  return {
    score: async (answers) =>
      answers.map(({ prompt, answer }) => gold(prompts.get(prompt as string)!, worldText(answer)).score),
  };
}

export const goldJudge = (): Judge => fromScorer(goldScorer());
