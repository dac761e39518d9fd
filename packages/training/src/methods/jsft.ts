import type { JsftOptions } from '../options/options.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { supervisedStep } from './sft.js';
import type { SupervisedExample } from '../losses/supervised.js';
import { orderOf, taskOver } from '../loop/taskOver.js';
import type { Trainable } from '../optimizer/trainable.js';

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
