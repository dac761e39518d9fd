import { promptColumns } from '@selfjudge/data/internal';
import { assertFinished, sampleAnswers } from '@selfjudge/engine/internal';
import { decide, preferences, sampling, type Contest, type TokenizedPrompt } from '../pairs/contest.js';
import { pairTokens } from './dpo.js';
import { JudgeSignal } from './judgeSignal.js';
import { completionMetrics, judgeMetrics } from '../metrics/judgeMetrics.js';
import { klEstimate, scoreContests } from '../metrics/kl.js';
import { klReview } from './klReview.js';
import { paperLora } from '../options/lora.js';
import { method } from './method.js';
import { preparePrompts, warnDropped } from './prepare.js';
import { fields, type SelfTrainingOptions } from './selfTrainingRun.js';
import { PairReview } from './pairReview.js';
import { shownPart } from './shown.js';
import { answerSequence } from '../pairs/tokenPair.js';
import { lossFaults } from '../losses/lossFaults.js';
import { lossText } from '../losses/lossTerms.js';
import { preferenceBackward } from '../losses/preferenceUpdate.js';
import type { SelfTraining } from './selfTrainingRun.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import { taskOver } from '../loop/taskOver.js';
import type { Workload } from '../loop/workload.js';

/**
 * On-policy self-training over prompts alone.
 *
 * @param data `dev` prompts choose the best policy by its own judge, when `options.evalSteps` is above 0.
 * @param onContests sees what was sampled and judged in each step.
 */
export function selfTrainingTask(
  run: Omit<SelfTraining, 'optimizer'>,
  data: { prompts: TokenizedPrompt[]; dev?: TokenizedPrompt[] },
  onContests?: (contests: Contest[], step: number) => void,
): TrainingTask {
  const { options } = run;
  const task = taskOver(run.trainable, data.prompts.length, options);
  const training: SelfTraining = { ...run, optimizer: task.optimizer };
  const dev = options.evalSteps > 0 ? (data.dev ?? []) : [];
  const pairs = new PairReview(options);
  const kl = klReview(task.order.totalSteps);
  return {
    ...task,
    workload: longestAnswers(data.prompts, options, (step) => task.order.batch(step)),
    step: async (at) => {
      const prompts = task.order.batch(at.step).map((i) => data.prompts[i]);
      const { contests, ...report } = await selfTrainingStep(prompts, training, at);
      onContests?.(contests, at.step);
      return report;
    },
    selection: dev.length > 0 ? new JudgeSignal(training, dev) : undefined,
    review: (row) => {
      const notes = [pairs.review(row), kl(row)].filter((note) => note !== undefined);
      return notes.length > 0 ? notes.join('\n') : undefined;
    },
    conclude() {
      pairs.conclude();
      task.conclude?.();
    },
  };
}

/** Nobody knows how long answers will be: as long as they may be, both other from the first token on. */
function longestAnswers(
  prompts: readonly TokenizedPrompt[],
  { maxNewTokens, tokenBudget }: SelfTrainingOptions,
  batch: (step: number) => number[],
): Workload {
  const answers = [0, 1].map((token) => Array.from({ length: maxNewTokens }, () => token));
  const groupOf = ({ id, tokens }: TokenizedPrompt) => ({
    id,
    sequences: answers.map((answer) => answerSequence(tokens, answer)),
  });
  return {
    groups: (step) => batch(step).map((i) => groupOf(prompts[i])),
    // One stands for all: the longest.
    all: [groupOf(prompts.reduce((a, b) => (b.tokens.length > a.tokens.length ? b : a)))],
    tokenBudget,
    isBound: true,
    pool: {
      answers: 2 * batch(1).length,
      promptTokens: Math.max(...batch(1).map((i) => prompts[i].tokens.length)),
      maxNewTokens,
    },
  };
}

/**
 * One step of SELF-JUDGE (arXiv 2402.11253): the policy answers every prompt twice, the frozen start says which answer
 * is better, and the policy learns to prefer the winner.
 */
export async function selfTrainingStep(
  prompts: TokenizedPrompt[],
  run: SelfTraining,
  at: StepContext,
): Promise<StepReport & { contests: Contest[] }> {
  const { trainable, judge, tokenizer, optimizer, options } = run;
  await at.profile?.lap('data');
  const ids = prompts.map(({ tokens }) => tokens);
  const answers = await sampleAnswers(trainable.policy, tokenizer, ids, {
    ...sampling(options, tokenizer),
    count: 2,
    firstSequence: (at.step - 1) * options.trainBatchSize * 2,
    signal: at.signal,
  });
  // A policy whose logits are not finite has diverged: no step makes it well again.
  assertFinished(answers);
  await at.profile?.lap('generate');
  const contests = await decide(
    prompts,
    answers.map(([a, b]) => [a, b]),
    judge,
    options.missingEos,
    { tokenBudget: options.tokenBudget, signal: at.signal },
  );
  await at.profile?.lap('judge');
  await scoreContests(contests, trainable.reference, options.tokenBudget, at.signal);
  await at.profile?.lap('reference');
  const pairs = preferences(contests);
  const loss = await preferenceBackward(pairs, trainable, options, options.tokenBudget, at);
  const update = pairs.length > 0 ? await optimizer.step(at.learningRate) : { gradNorm: 0, skipped: false };
  await at.profile?.lap('update');

  const metrics = {
    ...loss,
    kl: klEstimate(contests),
    ...completionMetrics(contests),
    ...judgeMetrics(contests),
    grad_norm: update.gradNorm,
  };
  return {
    metrics,
    tokens: pairTokens(pairs),
    examples: pairs.map(({ id }) => id),
    skipped: update.skipped,
    contests,
  };
}

/** A sampled pair as it is written down: what was asked, both answers, the verdict. */
function sampleRow({ prompt, a, b, fate, winner, verdict }: Contest): object {
  return {
    id: prompt.id,
    ...promptColumns(prompt.text),
    a: a.text,
    b: b.text,
    fate,
    winner: winner ?? null,
    probability: verdict?.probability ?? null,
  };
}

export const selfTraining = method({
  summary: 'on-policy training by the own judgments of the frozen start',
  source: 'arXiv 2402.11253, self-training by self-judgment; on-policy DPO: arXiv 2402.04792',
  fields,
  rows: 'prompts',
  split: 'self',
  judgeTemplate: 'auto',
  drops: false,
  presets: {
    // top-k 50: the original leaves it at its library's default.
    paper: {
      lora: paperLora,
      options: {
        learningRate: 5e-6,
        lrSchedulerType: 'constant_with_warmup',
        warmupRatio: 0.1,
        numTrainEpochs: 3,
        trainBatchSize: 64,
        maxPromptLength: 1280,
        maxNewTokens: 768,
        topP: 0.9,
        topK: 50,
        beta: 0.1,
        missingEos: 'keep',
      },
    },
  },
  faults: lossFaults,
  labels: (options, template) =>
    `pairs of its own answers, by the judgment of its start (${lossText(options)}, beta ${options.beta}, template ${template})`,
  show: ({ row, options, tokenizer }) => [
    shownPart('prompt', preparePrompts(tokenizer, [row], options), ({ tokens }) => [
      { name: 'prompt', tokens, kinds: tokens.map(() => 'prompt') },
    ]),
  ],
  async task({ rows, options, tokenizer, policyBesideStart, judge, devPrompts, usable, warn, writeSamples }) {
    const prompts = usable('prompts', preparePrompts(tokenizer, rows, options));
    let dev: TokenizedPrompt[] | undefined;
    if (options.evalSteps > 0) {
      const asked = preparePrompts(tokenizer, await devPrompts(), options);
      warnDropped('dev prompts', asked, warn);
      dev = asked.examples;
    }
    const trainable = policyBesideStart();
    const run = { trainable, judge: judge(trainable.reference), tokenizer, options };
    return selfTrainingTask(run, { prompts, dev }, (contests, step) =>
      writeSamples(`step-${step}`, contests.map(sampleRow)),
    );
  },
});
