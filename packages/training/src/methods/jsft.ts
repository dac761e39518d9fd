import { flagField, wholeField, type OptionsOf } from '@selfjudge/base/fields';
import { sftExampleOf } from '@selfjudge/data/internal';
import { paperLora } from '../options/lora.js';
import { heldOutFields } from '../options/heldOut.js';
import { heldOutSelection } from '../loop/heldOut.js';
import { loopFields } from '../options/loop.js';
import { paperJsft, paperJsftPrinciples, valuesIn } from '../options/paper.js';
import { pairLengthFields } from '../options/pairLengths.js';
import { answerFields, jsftLossFields } from '../options/supervised.js';
import { labelNotes } from './labelNotes.js';
import { method } from './method.js';
import { prepareJudge, prepareSft } from './prepare.js';
import { shownOrder, shownSupervised } from './shown.js';
import { teachingPairs } from './teachingPairs.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { supervisedStep, TURNS } from './sft.js';
import { supervisedMeasures, type SupervisedExample } from '../losses/supervised.js';
import { orderOf, taskOver } from '../loop/taskOver.js';
import type { Trainable } from '../optimizer/trainable.js';

const fields = {
  ...loopFields,
  ...heldOutFields(['loss', 'judge']),
  ...answerFields,
  /** Judge examples an optimizer step, each a pair in both orders, beside `trainBatchSize` SFT examples. */
  judgeBatchSize: wholeField(32, 1, 'judge examples an optimizer step, each a pair in both orders'),
  ...pairLengthFields,
  ...jsftLossFields,
  /** Whether the token that ends a turn is a label after a rationale; the code of the paper strips it. */
  rationaleEos: flagField(true, 'learn to end the turn after a rationale'),
};
export type JsftOptions = OptionsOf<typeof fields>;

/**
 * Judge-augmented supervised fine-tuning (arXiv 2402.11253): every optimizer step holds SFT examples and judge
 * examples. Measured in epochs, a run ends when both sets have been seen that often; the smaller starts over.
 *
 * @param data `sft` may be empty: the model then learns to judge alone, and epochs are of the judge examples. `heldOut`
 *   are examples of both tasks that are never trained on: their loss is normalised over all of them as that of a step is
 */
export function jsftTask(
  trainable: Trainable,
  data: { sft: SupervisedExample[]; judge: SupervisedExample[]; heldOut?: readonly SupervisedExample[] },
  options: JsftOptions,
): TrainingTask {
  const ofJudge = { ...options, trainBatchSize: options.judgeBatchSize, seed: options.seed + 1 };
  const judgeSteps = orderOf(data.judge.length, ofJudge).totalSteps;
  const judgeAlone = data.sft.length === 0;
  const maxSteps = judgeAlone
    ? judgeSteps
    : Math.max(orderOf(data.sft.length, options).totalSteps, judgeSteps);
  const judgeOrder = orderOf(data.judge.length, { ...ofJudge, maxSteps });
  const task = judgeAlone
    ? taskOver(trainable, data.judge.length, { ...ofJudge, maxSteps })
    : taskOver(trainable, data.sft.length, { ...options, maxSteps });
  const run = { ...task, loss: options, options };
  const groups = (step: number) => [
    ...(judgeAlone ? [] : task.order.batch(step).map((i) => data.sft[i])),
    ...judgeOrder.batch(step).map((i) => data.judge[i]),
  ];
  const { heldOut = [] } = data;
  const pairs = heldOut.filter(({ kinds }) => kinds.some((of) => of.includes('verdict'))).length;
  return {
    ...task,
    selection: heldOutSelection(pairs, options, () =>
      supervisedMeasures(trainable.policy, [...heldOut], options, options.tokenBudget),
    ),
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
  // All rows are trained on: the original holds none back.
  presets: {
    paper: { lora: paperLora, split: 'all', options: valuesIn(paperJsft), sources: paperJsft },
    'paper-ultrafeedback': {
      fullFinetuning: true,
      split: 'all',
      options: valuesIn(paperJsft),
      sources: paperJsft,
    },
    'paper-principles': {
      fullFinetuning: true,
      split: 'all',
      judgeTemplate: 'principled-rationale',
      options: valuesIn(paperJsftPrinciples),
      sources: paperJsftPrinciples,
    },
  },
  labels: ({ trainOn, sftWeight }, template) =>
    `${sftWeight === 0 ? '' : `${TURNS[trainOn]}; and `}which of two answers is better, in both orders (template ${template})`,
  demonstrations: true,
  show: ({ row, options, tokenizer, judgeTemplate }) => [
    ...(options.sftWeight === 0
      ? []
      : [
          shownSupervised(
            'answer example',
            prepareSft(tokenizer, [sftExampleOf(row)], options),
            () => 'answer',
          ),
        ]),
    shownSupervised('judge example', prepareJudge(tokenizer, [row], judgeTemplate(), options), shownOrder),
  ],
  async task({
    rows,
    options,
    tokenizer,
    judgeTemplate,
    demonstrations,
    policy,
    usable,
    heldOut,
    warn,
    note,
  }) {
    const template = judgeTemplate();
    for (const note of labelNotes(rows, template)) warn(note);
    const judgeAlone = options.sftWeight === 0;
    const sft = judgeAlone
      ? []
      : await usable('SFT examples', (await demonstrations()) ?? rows.map(sftExampleOf), (of) =>
          prepareSft(tokenizer, of, options),
        );
    const judge = await usable(
      'judge examples',
      rows,
      (of) => prepareJudge(tokenizer, of, template, options),
      (all) => teachingPairs(all, rows, options, note),
    );
    const measured = [
      ...(await heldOut('judge examples', (of) => prepareJudge(tokenizer, of, template, options))),
      ...(judgeAlone
        ? []
        : await heldOut('SFT examples', (of) => prepareSft(tokenizer, of.map(sftExampleOf), options))),
    ];
    const data = { sft, judge, heldOut: measured };
    const trainable = policy();
    return jsftTask(trainable, data, options);
  },
});
