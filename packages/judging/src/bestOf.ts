import { sampleAnswers, type GenerateOptions, type ModelView, type SampledAnswer } from '@selfjudge/engine';
import { check, list, object, optional, options as optionsOf, whole } from '@selfjudge/base/checks';
import { prompt as isPrompt } from '@selfjudge/text/checks';
import { view as isView } from '@selfjudge/engine/checks';
import { promptIds, type Text } from '@selfjudge/data';
import { compareOptions, isJudge, type CompareOptions, type Judge } from './judge.js';
import { tournament, type Tournament } from './tournament.js';

export interface BestOfOptions {
  /** Answers sampled a prompt. */
  n: number;
  /** Keys the samples and the draw of the tournament. Default 0. */
  seed?: number;
  sampling: Omit<GenerateOptions, 'count' | 'seed'>;
  judging?: CompareOptions;
}

/** The answer that won and how. */
export interface BestOf {
  text: string;
  /** All answers with their texts; `tournament` names them by index. */
  answers: SampledAnswer[];
  tournament: Tournament;
}

const bestOfArguments = {
  view: isView,
  judge: isJudge,
  prompts: list(isPrompt),
  options: optionsOf({
    n: whole(1),
    seed: optional(whole(0)),
    sampling: object({}), // generate's to check
    judging: optional(compareOptions),
  }),
};

/**
 * Self-rejection: samples n answers to each prompt from `view` and lets `judge` choose one by a knock-out tournament.
 * With the same model as judge this is the model rejecting its own samples (arXiv 2402.11253).
 */
export async function bestOf(
  view: ModelView,
  judge: Judge,
  prompts: readonly Text[],
  options: BestOfOptions,
): Promise<BestOf[]> {
  check('bestOf', { view, judge, prompts, options }, bestOfArguments);
  const { n, seed = 0, sampling, judging } = options;
  const { tokenizer } = judge;
  const ids = prompts.map((prompt) => promptIds(tokenizer, prompt));
  const answers = await sampleAnswers(view, tokenizer, ids, { ...sampling, count: n, seed });
  const results = await tournament(
    prompts.map((prompt, i) => ({ prompt, candidates: answers[i].map(({ text }) => text) })),
    (pairs) => judge.compare(pairs, judging),
    seed,
  );
  return results.map((result, i) => ({
    text: answers[i][result.winner].text,
    answers: answers[i],
    tournament: result,
  }));
}
