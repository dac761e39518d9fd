import { ArgumentError, Random } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import { estimatesOf, steered } from '../losses/ppoRewards.js';
import { ppoBackward, type Episode } from '../losses/ppoUpdate.js';
import { taskOver } from '../loop/taskOver.js';
import type { StepContext, TrainingTask } from '../loop/trainingTask.js';
import type { Metrics } from '../metrics/means.js';
import { ppoFaults } from '../options/ppo.js';
import type { AdamW } from '../optimizer/adamw.js';
import type { TokenizedPrompt } from '../pairs/contest.js';
import type { Json } from '../runs/jsonFields.js';
import { longestImitated } from './imitation.js';
import { method } from './method.js';
import { objectiveMetrics, ppoRollouts } from './ppoRollouts.js';
import { fields, type PpoRun } from './ppoRun.js';
import { preparePrompts } from './prepare.js';
import { shownPrompt } from './shown.js';

/**
 * Proximal policy optimization (arXiv 1707.06347) with a KL penalty in the reward (arXiv 1909.08593), as TRL 1.12's
 * `experimental/ppo` computes it. In each step the policy answers every prompt once; then `numPpoEpochs` times all answers are
 * shuffled into `numMiniBatches` parts, and each part makes an update of policy and value model. The coefficient of the KL is
 * the task's state.
 *
 * Once a step has made an update it looks at no signal: the parameters of half a step are those of no step.
 */
export function ppoTask(run: PpoRun, prompts: readonly TokenizedPrompt[]): TrainingTask {
  const { trainable, options } = run;
  const { klTarget } = options;
  const task = taskOver(trainable, prompts.length, options);
  const rollOut = ppoRollouts(prompts, run);
  let { klCoef } = options;
  return {
    ...task,
    workload: longestImitated(prompts, options, task.order.batch(1).length),
    review: unscoredReview(),
    async step(at) {
      const batch = task.order.batch(at.step);
      await at.profile?.lap('data');
      const { drawn, metrics } = await rollOut(batch, at);
      if (drawn.length === 0)
        return { metrics: { ...metrics, grad_norm: 0 }, tokens: 0, examples: [], skipped: false };
      const estimates = estimatesOf(drawn, { ...options, klCoef });
      const objective = objectiveMetrics(
        drawn,
        estimates.map(({ kl }) => kl),
        klCoef,
      );
      const episodes = drawn.map((one, i) => ({ ...one, ...estimates[i] }));
      const { skipped, ...learnt } = await learn(episodes, { ...run, optimizer: task.optimizer }, at);
      await at.profile?.lap('update');
      if (klTarget > 0)
        klCoef = steered(klCoef, { kl: objective['objective/kl'], answers: drawn.length }, options);
      return {
        metrics: { ...metrics, ...objective, ...learnt.metrics, episode: at.step * options.trainBatchSize },
        tokens: drawn.reduce((sum, { prompt, tokens }) => sum + prompt.length + tokens.length, 0),
        examples: drawn.map(({ id }) => id),
        skipped,
      };
    },
    state: () => ({ values: { klCoef } }),
    restore: ({ values }) => (klCoef = readCoefficient(values)),
  };
}

/** Of the stream that shuffles: apart from those of data order. */
const SHUFFLE = 0x990;

/** All updates of a step. */
async function learn(
  episodes: readonly Episode[],
  { trainable, options, optimizer }: PpoRun & { optimizer: AdamW },
  { step, learningRate, signal, leaves }: StepContext,
): Promise<{ metrics: Metrics; skipped: boolean }> {
  const { numPpoEpochs, numMiniBatches, seed } = options;
  const rows: (Metrics & { gradNorm: number })[] = [];
  let skipped = false;
  for (let epoch = 0; epoch < numPpoEpochs; epoch++) {
    const random = new Random(seed + SHUFFLE, (step * numPpoEpochs + epoch) % 2 ** 32);
    for (const part of parts(random.shuffled([...episodes]), numMiniBatches)) {
      const row = await ppoBackward(trainable, part, options, {
        signal: rows.length === 0 ? signal : undefined,
        leaves,
      });
      const update = await optimizer.step(learningRate);
      skipped ||= update.skipped;
      rows.push({ ...row, gradNorm: update.gradNorm });
    }
  }
  const all = (name: string) => rows.map((row) => row[name]);
  const ratios = all('ratio');
  const metrics = {
    'policy/approxkl_avg': mean(all('approxkl')),
    'policy/clipfrac_avg': mean(all('clipfrac')),
    'loss/policy_avg': mean(all('policy')),
    'loss/value_avg': mean(all('value')),
    'val/clipfrac_avg': mean(all('valueClipfrac')),
    'val/ratio': mean(ratios),
    ...(ratios.length > 1 && { 'val/ratio_var': variance(ratios) }),
    'sampling/logp_diff': rows[0].difference,
    loss: mean(rows.map(({ policy, value }) => policy + options.vfCoef * value)),
    grad_norm: mean(all('gradNorm')),
  };
  return { metrics, skipped };
}

/** `count` parts of nearly equal size, or as many as there are episodes. */
function parts<T>(all: readonly T[], count: number): T[][] {
  const some = Math.min(count, all.length);
  const edge = (part: number) => Math.round((part * all.length) / some);
  return Array.from({ length: some }, (_, part) => all.slice(edge(part), edge(part + 1)));
}

/** Of a sample: over n - 1. */
function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1);
}

/** Warns once where most answers have no score, and so are not learnt from. */
function unscoredReview(): NonNullable<TrainingTask['review']> {
  let said = false;
  return ({ step, metrics: { 'ppo/unscored': share } }) => {
    if (said || !(share > 0.5)) return undefined;
    said = true;
    return (
      `${Math.round(100 * share)}% of the answers of step ${step} have no score and were left out; ` +
      'teach the judge by jsft, or give a reward model'
    );
  };
}

/** @throws ArgumentError for what `state` did not give */
function readCoefficient(values: Json): number {
  const { klCoef } = Object.fromEntries(Object.entries(values ?? {}));
  if (typeof klCoef === 'number' && klCoef >= 0) return klCoef;
  throw new ArgumentError('state.values', {
    where: 'ppo',
    expected: 'klCoef, a number at least 0',
    received: values,
  });
}

export const ppo = method({
  summary:
    'RLHF: proximal policy optimization by a reward model, or by the chance of winning that a judge gives',
  source:
    'arXiv 1707.06347, 1909.08593; TRL 1.12 experimental PPOTrainer; by a judge: a definition of its own',
  fields,
  rows: 'prompts',
  split: 'self',
  judgeTemplate: 'auto',
  drops: false,
  faults: ppoFaults,
  labels: ({ klCoef, klTarget, numPpoEpochs, numMiniBatches }, template, judge) =>
    `own answers, by ${judge === undefined ? `the chance of winning against an answer of its start (template ${template})` : `the score or the chance of winning that ${judge} gives`}, less ${klCoef} x KL to the start${klTarget > 0 ? `, steered to ${klTarget} nats` : ''}; ` +
    `${numPpoEpochs * numMiniBatches} updates a step`,
  show: shownPrompt,
  async task({ rows, options, tokenizer, policyWithValues, judge, usable }) {
    const prompts = await usable('prompts', rows, (of) => preparePrompts(tokenizer, of, options));
    const trainable = policyWithValues();
    return ppoTask({ trainable, judge: judge(trainable.reference), tokenizer, options }, prompts);
  },
});
