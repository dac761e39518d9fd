import { numberField, type OptionsOf } from '@selfjudge/base/fields';
import { plan } from '@selfjudge/engine/internal';
import { accumulate } from '../losses/accumulate.js';
import type { SupervisedExample } from '../losses/supervised.js';
import { taskOver } from '../loop/taskOver.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import type { Trainable } from '../optimizer/trainable.js';
import { loopFields } from '../options/loop.js';
import { answerFields } from '../options/supervised.js';
import { method } from './method.js';
import { prepareSft } from './prepare.js';
import { shownSupervised } from './shown.js';

// Every option once: bounds, default, help. EDIT: the method's own options
const fields = {
  ...loopFields,
  ...answerFields,
  /** The loss is this times the mean over the tokens of answers. */
  lossScale: numberField(1, { above: 0 }, 'what the mean loss is multiplied by'),
};
export type MethodNameOptions = OptionsOf<typeof fields>;

/** The mean cross-entropy of answers, times `lossScale`. EDIT: what the method does in a step */
export function methodNameTask(
  trainable: Trainable,
  examples: SupervisedExample[],
  options: MethodNameOptions,
): TrainingTask {
  const { tokenBudget, lossScale } = options;
  const task = taskOver(trainable, examples.length, options);
  const groups = (step: number) => task.order.batch(step).map((i) => examples[i]);
  return {
    ...task,
    workload: { groups, all: examples, tokenBudget },
    async step(at) {
      const batch = groups(at.step);
      await at.profile?.lap('data');
      const trees = [...plan(batch, tokenBudget)];
      const labels = trees.reduce((sum, tree) => sum + tree.batch.labels.label.length, 0);
      const weight = lossScale / labels;
      let loss = 0;
      for (const { batch: tree } of trees) {
        at.signal?.throwIfAborted();
        const slopes = new Float32Array(tree.labels.label.length).fill(-weight);
        const logp = await accumulate(trainable.policy, tree, slopes);
        for (const value of logp) loss -= weight * value;
      }
      const { gradNorm, skipped } = await task.optimizer.step(at.learningRate);
      await at.profile?.lap('update');
      const sequences = batch.flatMap((example) => example.sequences);
      return {
        metrics: { loss, grad_norm: gradNorm },
        tokens: sequences.reduce((sum, { tokens }) => sum + tokens.length, 0),
        examples: batch.map(({ id }) => id),
        skipped,
      };
    },
  };
}

// What verb, flags, help and documentation are made of.
export const methodName = method({
  summary: 'fine-tuning on completions with a scaled loss', // EDIT: one line of help
  source: 'cross-entropy over the tokens of answers', // EDIT: paper and equation, or library
  fields,
  rows: 'examples', // EDIT: examples, preferences or prompts
  split: 'all',
  drops: false,
  labels: ({ lossScale }) => `answers, their loss times ${lossScale}`,
  // EDIT: which tokens of a row are read and which are labels, for inspect
  show: ({ row, options, tokenizer }) => [
    shownSupervised('example', prepareSft(tokenizer, [row], options), () => 'answer'),
  ],
  async task({ rows, options, tokenizer, policy, usable }) {
    const examples = await usable('examples', rows, (of) => prepareSft(tokenizer, of, options));
    return methodNameTask(policy(), examples, options);
  },
});
