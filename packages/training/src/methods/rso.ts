import type { TokenizedPrompt } from '../pairs/contest.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { lossFaults } from '../losses/lossFaults.js';
import { lossText } from '../losses/lossTerms.js';
import { judgedBy, method } from './method.js';
import { preparePrompts } from './prepare.js';
import { rsoPairs } from './rsoPairs.js';
import { referenceFaults, referenceText } from './runReference.js';
import { fields, type RsoRun } from './rsoRun.js';
import {
  pairedTask,
  preparedDev,
  samplesOf,
  type OnContests,
  type SelfTrainingData,
} from './selfTraining.js';
import { shownPrompt } from './shown.js';

/** Statistical rejection sampling optimization: preference training on pairs of `rsoPairs`. */
export function rsoTask(
  run: RsoRun,
  data: SelfTrainingData & { prompts: TokenizedPrompt[] },
  onContests?: OnContests,
): TrainingTask {
  const { numGenerations: _k, numSamples: _n, rejectionBeta: _b, pairing: _p, ...options } = run.options;
  const source = rsoPairs(data.prompts, run);
  return pairedTask(
    { ...run, options: { ...options, sampling: 'off_policy', judgeMode: 'static', numGenerations: 2 } },
    source,
    data,
    onContests,
  );
}

export const rso = method({
  summary:
    'preference training on rejection-sampled answers of the start, ranked by a judge or a reward model',
  source: 'arXiv 2309.06657 (RSO): algorithm 1; its sigmoid-norm and hinge-norm are sigmoid and hinge here',
  fields,
  rows: 'prompts',
  split: 'self',
  judgeTemplate: 'auto',
  drops: false,
  presets: {
    paper: {
      options: { numGenerations: 64, numSamples: 8, learningRate: 1e-5 },
    },
  },
  faults: (options) => [...lossFaults(options), ...referenceFaults(options)],
  labels: (options, template, judge) => {
    const { beta, numGenerations, numSamples, rejectionBeta } = options;
    return (
      `pairs among ${numSamples} of ${numGenerations} answers of its start, accepted by reward (rejection_beta ${rejectionBeta}) and ` +
      `ranked, ${judgedBy(judge, 'its start', template)} (${lossText(options)}, beta ${beta}${referenceText(options)})`
    );
  },
  show: shownPrompt,
  async task(context) {
    const { rows, options, tokenizer, policyBesideStart, judge, outsideJudge: outside, usable } = context;
    const prompts = await usable('prompts', rows, (of) => preparePrompts(tokenizer, of, options));
    const dev = await preparedDev(context);
    const trainable = policyBesideStart();
    const run = { trainable, judge: judge(trainable.reference), tokenizer, options };
    return rsoTask(run, { prompts, dev, outside }, samplesOf(context));
  },
});
