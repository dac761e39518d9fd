import { check, list, object } from '@selfjudge/base/checks';
import { isOptimizer, isStep, isSupervised, isTrainable, jsftLossOptions, sftOptions } from './checks.js';
import type { AdamW } from './optimizer.js';
import type { JsftLossOptions, SftOptions } from './options.js';
import type { StepContext, StepReport, TrainingTask } from './trainingTask.js';
import { supervisedBackward, type SupervisedExample } from './supervised.js';
import { taskOver } from './taskOver.js';
import type { Trainable } from './trainable.js';

const plainMean: JsftLossOptions = { lossNormalization: 'token', judgeWeight: 1, rationaleWeight: 1 };

const taskArguments = { trainable: isTrainable, examples: list(isSupervised, 1), options: sftOptions };
const stepArguments = {
  examples: list(isSupervised),
  run: object({
    trainable: isTrainable,
    optimizer: isOptimizer,
    loss: jsftLossOptions,
    options: sftOptions,
  }),
  at: isStep,
};

/** Supervised fine-tuning: mean cross-entropy over the target tokens of each optimizer step. */
export function sftTask(
  trainable: Trainable,
  examples: SupervisedExample[],
  options: SftOptions,
): TrainingTask {
  check('sftTask', { trainable, examples, options }, taskArguments);
  const task = taskOver(trainable, examples.length, options);
  const run = { ...task, loss: plainMean, options };
  const batch = (step: number) => task.order.batch(step).map((i) => examples[i]);
  return { ...task, step: (at) => supervisedStep(batch(at.step), run, at) };
}

/** One optimizer step of cross-entropy over `examples`; dropout, where the policy has it, is keyed by the step. */
export async function supervisedStep(
  examples: SupervisedExample[],
  run: { trainable: Trainable; optimizer: AdamW; loss: JsftLossOptions; options: SftOptions },
  at: StepContext,
): Promise<StepReport> {
  check('supervisedStep', { examples, run, at }, stepArguments);
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
