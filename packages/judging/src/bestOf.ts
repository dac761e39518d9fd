import type { GenerateOptions, ModelView, SampledAnswer } from '@selfjudge/engine';
import { ONE_RANK, sharedAnswers, type Ranks } from '@selfjudge/engine/internal';
import type { Text } from '@selfjudge/data';
import { promptIds } from '@selfjudge/data/internal';
import type { Tokenizer } from '@selfjudge/text';
import type { CompareOptions, Judge } from './judge.js';
import { sharedJudge } from './sharedJudge.js';
import { tournament, type Tournament } from './tournament.js';

export interface BestOfOptions {
  /** Of the model that answers; a judge need not have one. */
  tokenizer: Tokenizer;
  /** Answers sampled a prompt. */
  n: number;
  /** Keys the samples and the draw of the tournament. Default 0. */
  seed?: number;
  sampling: Omit<GenerateOptions, 'count' | 'seed'>;
  judging?: CompareOptions;
  /** Who share the work: all have all results. Default: this process alone. */
  ranks?: Ranks;
}

/** The answer that won and how. */
export interface BestOf {
  text: string;
  /** All answers with their texts, but those that ended in an error; `tournament` names them by index. */
  answers: SampledAnswer[];
  tournament: Tournament;
}

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
  const { tokenizer, n, seed = 0, sampling, judging, ranks = ONE_RANK } = options;
  const ids = prompts.map((prompt) => promptIds(tokenizer, prompt));
  const sampled = await sharedAnswers(ranks, view, tokenizer, ids, { ...sampling, count: n, seed });
  // One that ended in an error does not compete; where all did, the first stands for them.
  const answers = sampled.map((all) => {
    const whole = all.filter(({ finish }) => finish !== 'error');
    return whole.length > 0 ? whole : all.slice(0, 1);
  });
  const results = await tournament(
    prompts.map((prompt, i) => ({ prompt, candidates: answers[i].map(({ text }) => text) })),
    sharedJudge(judge, ranks),
    seed,
    judging,
  );
  return results.map((result, i) => ({
    text: answers[i][result.winner].text,
    answers: answers[i],
    tournament: result,
  }));
}
