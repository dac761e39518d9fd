import type { Tokenizer } from '@selfjudge/text';
import type { ModelView } from '../model/view.js';
import { answerText, generate, type Sample } from './generate.js';
import type { GenerateOptions } from './options.js';

/** A sampled answer with what it says: its ids are trained on as sampled, its text is shown to judges and people. */
export interface SampledAnswer extends Sample {
  text: string;
}

/**
 * `generate`, with the text of each answer. An answer cut at the limit gets no end token.
 *
 * @param tokenizer decodes; its ids alone are drawn; what ends an answer is said by `options.eos`
 * @param prompts ids of each prompt, at least one each
 * @returns answer i to prompt p at [p][i]
 */
export async function sampleAnswers(
  view: ModelView,
  tokenizer: Tokenizer,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
): Promise<SampledAnswer[][]> {
  const vocabSize = Math.min(tokenizer.vocabSize, view.model.config.vocabSize);
  const samples = await generate(view, prompts, { vocabSize, ...options });
  return samples.map((ofPrompt) =>
    ofPrompt.map((sample) => ({ ...sample, text: answerText(tokenizer, sample) })),
  );
}
