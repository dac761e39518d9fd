import { wholeField, type OptionsOf } from '@selfjudge/base/fields';
import { sftExampleOf } from '@selfjudge/data/internal';
import { paperLora } from '../options/lora.js';
import { loopFields } from '../options/loop.js';
import { paperSupervised } from '../options/paper.js';
import { answerFields, jsftLossFields } from '../options/supervised.js';
import { method } from './method.js';
import { prepareJudge, prepareSft } from './prepare.js';
import { shownOrder, shownSupervised } from './shown.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { supervisedStep, TURNS } from './sft.js';
import type { SupervisedExample } from '../losses/supervised.js';
import { orderOf, taskOver } from '../loop/taskOver.js';
import type { Trainable } from '../optimizer/trainable.js';

const fields = {
  ...loopFields,
  ...answerFields,
  /** Judge examples an optimizer step, each a pair in both orders, beside `trainBatchSize` SFT examples. */
  judgeBatchSize: wholeField(32, 1, 'judge examples an optimizer step, each a pair in both orders'),
  ...jsftLossFields,
};
export type JsftOptions = OptionsOf<typeof fields>;

/**
 * Judge-augmented supervised fine-tuning (arXiv 2402.11253): every optimizer step holds SFT examples and judge
 * examples. Measured in epochs, a run ends when both sets have been seen that often; the smaller starts over.
 */
export function jsftTask(
  trainable: Trainable,
  data: { sft: SupervisedExample[]; judge: SupervisedExample[] },
  options: JsftOptions,
): TrainingTask {
  const ofJudge = { ...options, trainBatchSize: options.judgeBatchSize, seed: options.seed + 1 };
  const maxSteps = Math.max(
    orderOf(data.sft.length, options).totalSteps,
    orderOf(data.judge.length, ofJudge).totalSteps,
  );
  const task = taskOver(trainable, data.sft.length, { ...options, maxSteps });
  const judgeOrder = orderOf(data.judge.length, { ...ofJudge, maxSteps });
  const run = { ...task, loss: options, options };
  const groups = (step: number) => [
    ...task.order.batch(step).map((i) => data.sft[i]),
    ...judgeOrder.batch(step).map((i) => data.judge[i]),
  ];
  return {
    ...task,
    workload: { groups, all: [...data.sft, ...data.judge], tokenBudget: options.tokenBudget },
    step: (at) => supervisedStep(groups(at.step), run, at),
  };
}

export const jsft = method({
  summary: 'judge-augmented fine-tuning: answer and judge with the same weights',
  source: 'arXiv 2402.11253, judge-augmented supervised fine-tuning (JSFT)',
  fields,
  rows: 'preferences',
  split: 'train',
  judgeTemplate: 'plain',
  drops: true,
  presets: {
    paper: {
      lora: paperLora,
      options: { ...paperSupervised, judgeBatchSize: 32, lossNormalization: 'token' },
    },
  },
  labels: ({ trainOn }, template) =>
    `${TURNS[trainOn]}; and which of two answers is better, in both orders (template ${template})`,
  show: ({ row, options, tokenizer, judgeTemplate }) => [
    shownSupervised('answer example', prepareSft(tokenizer, [sftExampleOf(row)], options), () => 'answer'),
    shownSupervised('judge example', prepareJudge(tokenizer, [row], judgeTemplate(), options), shownOrder),
  ],
  task({ rows, options, tokenizer, judgeTemplate, policy, usable, warn }) {
    const template = judgeTemplate();
    if (template.rationale !== undefined && rows.every(({ rationales }) => rationales === undefined))
      warn(`judge_template ${template.name} has rationales and no row has one: only verdicts are learnt`);
    const sft = prepareSft(tokenizer, rows.map(sftExampleOf), options);
    const judge = prepareJudge(tokenizer, rows, template, options);
    const trainable = policy();
    const data = { sft: usable('SFT examples', sft), judge: usable('judge examples', judge) };
    return jsftTask(trainable, data, options);
  },
});
