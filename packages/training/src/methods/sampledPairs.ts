import type { SampledAnswer } from '@selfjudge/engine';
import { assertFinished, sharedAnswers } from '@selfjudge/engine/internal';
import { decide, sampling, type Contest, type TokenizedPrompt } from '../pairs/contest.js';
import type { StepContext } from '../loop/trainingTask.js';
import type { PairSource } from './pairSource.js';
import type { SelfTraining } from './selfTrainingRun.js';

/**
 * Several answers a prompt; of every two the judge says the better one.
 *
 * `on_policy`: the policy answers, anew in every step. `off_policy`: the start answers, as often. `off_policy_once`: the start answers
 * each prompt once, and later passes over the prompts see those pairs again. What the start draws and says is a function of seed and
 * number alone, so it does not matter when it is asked: pairs are drawn when a step first needs them, never kept on disk,
 * and drawn again by a run that goes on.
 */
export function sampledPairs(
  prompts: readonly TokenizedPrompt[],
  run: Omit<SelfTraining, 'optimizer'>,
): PairSource {
  const { sampling: kind, trainBatchSize, numGenerations } = run.options;
  const known = new Map<number, Contest[]>();
  const first = (step: number) => (step - 1) * trainBatchSize;
  const drawAt = (examples: readonly number[], numbers: readonly number[], at: StepContext) =>
    drawPairs(
      examples.map((i) => prompts[i]),
      numbers,
      run,
      at,
    );
  return {
    verb: 'self-train',
    length: prompts.length,
    answers: numGenerations,
    isOwn: kind === 'on_policy',
    promptOf: (example) => prompts[example],
    async draw(examples, at) {
      if (kind !== 'off_policy_once') {
        const numbers = examples.map((_, i) => first(at.step) + i);
        return { contests: (await drawAt(examples, numbers, at)).flat() };
      }
      const fresh = [...new Set(examples)].filter((example) => !known.has(example));
      const drawn = await drawAt(fresh, fresh, at);
      fresh.forEach((example, i) => known.set(example, drawn[i]));
      return { contests: examples.flatMap((example) => known.get(example)!.map((one) => ({ ...one }))) };
    },
  };
}

/**
 * Samples `numGenerations` answers to each prompt and has the judge settle every two of them.
 * @param numbers of each prompt: with the seed they key what is drawn
 * @returns of each prompt its contests, in the order 0-1, 0-2, ..., 1-2, ...
 */
export async function drawPairs(
  prompts: readonly TokenizedPrompt[],
  numbers: readonly number[],
  { trainable, judge, tokenizer, options }: Omit<SelfTraining, 'optimizer'>,
  at: StepContext,
): Promise<Contest[][]> {
  const { policy, reference } = trainable;
  const { numGenerations: count } = options;
  const view = options.sampling === 'on_policy' ? policy : reference;
  const ids = prompts.map(({ tokens }) => tokens);
  const answers = await sharedAnswers(at.leaves?.ranks, view, tokenizer, ids, {
    ...sampling(options, tokenizer),
    count,
    firstSequences: numbers.map((number) => count * number),
    signal: at.signal,
  });
  // A policy whose logits are not finite has diverged: no step makes it well again.
  assertFinished(answers);
  await at.profile?.lap('generate');
  const pairs = answers.map((ofPrompt) =>
    ofPrompt.flatMap((a, i) => ofPrompt.slice(i + 1).map((b): [SampledAnswer, SampledAnswer] => [a, b])),
  );
  const contests = await decide(
    prompts.flatMap((prompt, i) => pairs[i].map(() => prompt)),
    pairs.flat(),
    judge,
    options,
    { tokenBudget: options.tokenBudget, signal: at.signal },
  );
  await at.profile?.lap('judge');
  const each = (count * (count - 1)) / 2;
  return prompts.map((_, i) => contests.slice(i * each, (i + 1) * each));
}
