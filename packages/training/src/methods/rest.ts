import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import type { OptionsOf } from '@selfjudge/base/fields';
import { assertFinished, sharedAnswers } from '@selfjudge/engine/internal';
import { judgeRewards } from '@selfjudge/judging/internal';
import { imitationFields, roundFields } from '../options/imitation.js';
import { taskOver } from '../loop/taskOver.js';
import type { StepContext, TrainingTask } from '../loop/trainingTask.js';
import { answerMetrics } from '../metrics/judgeMetrics.js';
import type { Metrics } from '../metrics/means.js';
import { mayLearn, sampling, type TokenizedPrompt } from '../pairs/contest.js';
import { imitated, imitationSignal, longestImitated, type ImitationRun } from './imitation.js';
import { judgedBy, method } from './method.js';
import { preparePrompts } from './prepare.js';
import { preparedDev, type SelfTrainingData } from './selfTraining.js';
import {
  batchOf,
  grownOf,
  placeOf,
  readGrown,
  writeGrown,
  type Grown,
  type GrownAnswer,
} from './restRounds.js';
import { plainMean, supervisedStep } from './sft.js';
import { shownPrompt } from './shown.js';

const fields = { ...imitationFields, ...roundFields };
export type RestOptions = OptionsOf<typeof fields>;

/**
 * Reinforced self-training (arXiv 2308.08998). A round grows: the policy as it is then answers every prompt
 * `numGenerations` times, and the ranker gives each answer a reward (`judgeRewards`; a judge compares with one answer of the
 * start a prompt). Then it improves: its parts imitate what is above a rising quantile of those rewards, over all prompts.
 * The answers of the round under way are the task's state, for the policy that drew them is gone.
 * @param signal dev prompts on which a judge compares the policy with its start
 */
export function restTask(
  run: ImitationRun<RestOptions>,
  prompts: readonly TokenizedPrompt[],
  signal: SelfTrainingData = {},
): TrainingTask {
  const { trainable, options } = run;
  const task = taskOver(trainable, prompts.length, options);
  const { totalSteps } = task.order;
  placeOf(1, totalSteps, options);
  let grown: Grown | undefined;
  return {
    ...task,
    selection: imitationSignal(run, signal),
    workload: longestImitated(prompts, options, prompts.length * options.numGenerations),
    async step(at) {
      await at.profile?.lap('data');
      const place = placeOf(at.step, totalSteps, options);
      const known =
        grown?.round === place.round ? { grown, metrics: {} } : await grow(run, prompts, place.round, at);
      const batch = batchOf(known.grown, place, options);
      const examples = batch.map(({ prompt, tokens }) => imitated(prompts[prompt], tokens));
      const report = await supervisedStep(examples, { ...task, loss: plainMean, options }, at);
      if (!report.skipped) grown = known.grown;
      return {
        ...report,
        metrics: {
          ...report.metrics,
          ...known.metrics,
          'rest/threshold': known.grown.thresholds[place.part],
          'rest/reward_imitated': mean(batch.map(({ reward }) => reward)),
        },
      };
    },
    state: () => ({ values: writeGrown(grown) }),
    restore: ({ values }) => (grown = readGrown(values)),
  };
}

/** @throws ArgumentError where no answer may be imitated */
async function grow(
  { trainable, judge, tokenizer, options }: ImitationRun<RestOptions>,
  prompts: readonly TokenizedPrompt[],
  round: number,
  at: StepContext,
): Promise<{ grown: Grown; metrics: Metrics }> {
  const { numGenerations: count, tokenBudget, seed } = options;
  const ids = prompts.map(({ tokens }) => tokens);
  const draw = { ...sampling(options, tokenizer), signal: at.signal };
  const firstSequence = round * prompts.length * count;
  const drawn = await sharedAnswers(at.leaves?.ranks, trainable.policy, tokenizer, ids, {
    ...draw,
    count,
    firstSequence,
  });
  const fixed = await sharedAnswers(at.leaves?.ranks, trainable.reference, tokenizer, ids, {
    ...draw,
    count: 1,
    seed: seed + 1,
  });
  assertFinished([...drawn, ...fixed]);
  await at.profile?.lap('generate');
  const candidates = drawn.map((answers) => answers.filter(mayLearn(options)));
  const entries = prompts.map(({ text }, i) => ({
    prompt: text,
    answers: candidates[i].map((answer) => answer.text),
    against: fixed[i][0].text,
  }));
  const rewards = await judgeRewards(judge, entries, { tokenBudget, signal: at.signal });
  await at.profile?.lap('judge');
  // A checkpoint keeps no -0.
  const answers = candidates.flatMap((of, prompt) =>
    of.map(({ tokens }, i): GrownAnswer => ({ prompt, tokens, reward: rewards[prompt][i] + 0 })),
  );
  const usable = answers.filter(({ reward }) => Number.isFinite(reward));
  if (usable.length === 0)
    throw new ArgumentError('prompts', {
      where: 'rest',
      expected: `an answer with a reward${options.missingEos === 'drop' ? ' that ends before max_new_tokens' : ''}`,
      received: `none in round ${round + 1}: ${answers.length} of ${prompts.length * count} may be imitated`,
    });
  const metrics = {
    ...answerMetrics(drawn.flat()),
    'rest/candidates': usable.length / prompts.length,
    'rest/reward': mean(usable.map(({ reward }) => reward)),
  };
  return { grown: grownOf(round, usable, options), metrics };
}

export const rest = method({
  summary: 'rounds of answering and of fine-tuning on answers above rising quantiles of the reward',
  source: 'arXiv 2308.08998 (ReST), algorithm 1, with quantiles as thresholds and cross-entropy as loss',
  fields,
  rows: 'prompts',
  split: 'self',
  judgeTemplate: 'auto',
  drops: false,
  labels: ({ numGenerations, firstQuantile }, template, judge) =>
    `own answers, ${numGenerations} a prompt, above the quantile ${firstQuantile} of the reward and higher, ${judgedBy(judge, 'its start', template)}`,
  show: shownPrompt,
  async task(context) {
    const { rows, options, tokenizer, policyBesideStart, judge, outsideJudge: outside, usable } = context;
    const prompts = await usable('prompts', rows, (of) => preparePrompts(tokenizer, of, options));
    const dev = await preparedDev(context);
    const trainable = policyBesideStart();
    const run = { trainable, judge: judge(trainable.reference), tokenizer, options };
    return restTask(run, prompts, { dev, outside });
  },
});
