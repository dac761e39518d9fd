import type { Tokenizer } from '@selfjudge/text';
import type { ModelView } from '../model/view.js';
import { ONE_RANK, shareOut, type Ranks } from '../ranks/ranks.js';
import type { GenerateOptions } from './options.js';
import { sampleAnswers, type SampledAnswer } from './sampleAnswers.js';

/** `sampleAnswers`, each rank to its part of the prompts; all have all answers. What is drawn is keyed by place among all prompts. */
export async function sharedAnswers(
  ranks: Ranks = ONE_RANK,
  view: ModelView,
  tokenizer: Tokenizer,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
): Promise<SampledAnswer[][]> {
  const { count = 1, firstSequence = 0, ...drawing } = options;
  const { firstSequences = prompts.map((_, p) => firstSequence + p * count) } = options;
  const numbered = prompts.map((prompt, p) => ({ prompt, first: firstSequences[p] }));
  return shareOut(ranks, numbered, (part) =>
    sampleAnswers(
      view,
      tokenizer,
      part.map(({ prompt }) => prompt),
      { ...drawing, count, firstSequences: part.map(({ first }) => first) },
    ),
  );
}
