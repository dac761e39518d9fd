import type { AdamW } from '../optimizer/adamw.js';
import type { JsftLossOptions, SftOptions } from '../options/options.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import { supervisedBackward, type SupervisedExample } from '../losses/supervised.js';
import { taskOver } from '../loop/taskOver.js';
import type { Trainable } from '../optimizer/trainable.js';
import type { Workload } from '../loop/workload.js';

const plainMean: JsftLossOptions = { lossNormalization: 'token', judgeWeight: 1, rationaleWeight: 1 };

/** Supervised fine-tuning: mean cross-entropy over the target tokens of each optimizer step. */
export function sftTask(
  trainable: Trainable,
  examples: SupervisedExample[],
  options: SftOptions,
): TrainingTask {
  const task = taskOver(trainable, examples.length, options);
  const run = { ...task, loss: plainMean, options };
  const batch = (step: number) => task.order.batch(step).map((i) => examples[i]);
  const workload: Workload = { groups: batch, all: examples, tokenBudget: options.tokenBudget };
  return { ...task, workload, step: (at) => supervisedStep(batch(at.step), run, at) };
}

/** One optimizer step of cross-entropy over `examples`; dropout, where the policy has it, is keyed by the step. */
export async function supervisedStep(
  examples: SupervisedExample[],
  run: { trainable: Trainable; optimizer: AdamW; loss: JsftLossOptions; options: SftOptions },
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
