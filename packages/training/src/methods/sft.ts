import type { AdamW } from '../optimizer/adamw.js';
import type { OptionsOf } from '@selfjudge/base/fields';
import { loopFields, type LoopOptions } from '../options/loop.js';
import { heldOutFields } from '../options/heldOut.js';
import { heldOutSelection } from '../loop/heldOut.js';
import { answerFields, type JsftLossOptions } from '../options/supervised.js';
import { paperLora } from '../options/lora.js';
import { paperSft, valuesIn } from '../options/paper.js';
import type { SftExample } from '@selfjudge/data';
import { LONGEST, longestSequence, maker, type MakerContext } from './maker.js';
import { method } from './method.js';
import { prepareSft } from './prepare.js';
import { shownSupervised } from './shown.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import {
  sftExample,
  supervisedBackward,
  supervisedMeasures,
  type SupervisedExample,
} from '../losses/supervised.js';
import { taskOver } from '../loop/taskOver.js';
import { stepExamples, type Examples } from '../loop/stepExamples.js';
import type { Trainable } from '../optimizer/trainable.js';
import { workloadOf } from '../loop/workload.js';

const fields = { ...loopFields, ...heldOutFields(['loss']), ...answerFields };
export type SftOptions = OptionsOf<typeof fields>;

/** The mean over the tokens of a step. */
export const plainMean: JsftLossOptions = {
  lossNormalization: 'token',
  sftWeight: 1,
  judgeWeight: 1,
  rationaleWeight: 1,
};

/**
 * Supervised fine-tuning: mean cross-entropy over the target tokens of each optimizer step.
 * @param heldOut examples that are never trained on: `eval_loss` is the mean over all of their target tokens
 */
export function sftTask(
  trainable: Trainable,
  examples: Examples<SupervisedExample>,
  options: SftOptions,
  heldOut: readonly SupervisedExample[] = [],
): TrainingTask {
  const task = taskOver(trainable, examples.length, options);
  const run = { ...task, loss: plainMean, options };
  const steps = stepExamples(examples, task.order);
  const selection = heldOutSelection(heldOut.length, options, () =>
    supervisedMeasures(trainable.policy, [...heldOut], plainMean, options.tokenBudget),
  );
  return {
    ...task,
    ...steps.kept,
    workload: workloadOf(examples, (example) => example, task.order, options.tokenBudget),
    selection,
    step: (at) => steps.during(at.step, (batch) => supervisedStep(batch, run, at)),
  };
}

/** One optimizer step of cross-entropy over `examples`; dropout, where the policy has it, is keyed by the step. */
export async function supervisedStep(
  examples: SupervisedExample[],
  run: { trainable: Trainable; optimizer: AdamW; loss: JsftLossOptions; options: LoopOptions },
  at: StepContext,
): Promise<StepReport> {
  const { trainable, optimizer, loss, options } = run;
  await at.profile?.lap('data');
  const dropout = { seed: options.seed, step: at.step };
  const metrics = await supervisedBackward(
    trainable.policy,
    examples,
    loss,
    options.tokenBudget,
    dropout,
    at.signal,
    at.leaves,
  );
  const { gradNorm, skipped } = await optimizer.step(at.learningRate);
  await at.profile?.lap('update');
  const sequences = examples.flatMap((example) => example.sequences);
  return {
    metrics: { ...metrics, grad_norm: gradNorm },
    tokens: sequences.reduce((sum, { tokens }) => sum + tokens.length, 0),
    examples: examples.map(({ id }) => id),
    skipped,
  };
}

/** TRL trains on every token of a conversation unless it is told otherwise. */
export const TRAINED_ON = {
  last: 'of a conversation the last answer is trained on (--train_on all for every answer; TRL: every token, questions too)',
  all: 'of a conversation every answer is trained on, and nothing else (assistant_only_loss of TRL)',
};

/** What is learnt of a row's answers. */
export const TURNS = {
  last: 'the last answer of each row; all before it is context',
  all: 'every answer of each row',
};

const made = maker({
  what: 'examples',
  prepare: (rows: readonly SftExample[], { tokenizer, options }: MakerContext<SftOptions>) =>
    prepareSft(tokenizer, rows, options),
  longest: ({ maxLength }: SftOptions) => sftExample(longestSequence(maxLength), LONGEST),
});

export const sft = method({
  summary: 'supervised fine-tuning on completions',
  source: 'cross-entropy over the tokens of answers; TRL SFTTrainer with completion_only_loss',
  fields,
  rows: 'examples',
  split: 'all',
  drops: true,
  presets: { paper: { lora: paperLora, options: valuesIn(paperSft), sources: paperSft } },
  labels: ({ trainOn }) => TURNS[trainOn],
  show: ({ row, options, tokenizer }) => [
    shownSupervised('example', prepareSft(tokenizer, [row], options), () => 'answer'),
  ],
  made,
  async task({ rows, options, tokenizer, policy, examplesOf, heldOut, note }) {
    if (rows.some((example) => 'messages' in example)) note(TRAINED_ON[options.trainOn]);
    const examples = await examplesOf(made);
    const measured = await heldOut('examples', (of) => made.prepare(of, { tokenizer, options }));
    return sftTask(policy(), examples, options, measured);
  },
});
