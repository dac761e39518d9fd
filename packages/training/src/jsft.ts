import { DataOrder } from './dataOrder.js';
import { AdamW } from './optimizer.js';
import type { JsftOptions } from './options.js';
import type { TrainingTask } from './runner.js';
import { schedule } from './schedule.js';
import { supervisedStep } from './sft.js';
import type { SupervisedExample } from './supervised.js';
import type { Trainable } from './trainable.js';

/**
 * Judge-augmented supervised fine-tuning (arXiv 2402.11253): every optimizer step holds SFT examples and judge
 * examples. Measured in epochs, a run ends when both sets have been seen that often; the smaller starts over.
 */
export function jsftTask(
  trainable: Trainable,
  data: { sft: SupervisedExample[]; judge: SupervisedExample[] },
  options: JsftOptions,
): TrainingTask {
  const optimizer = new AdamW(trainable.parameters, options);
  const stream = (length: number, batchSize: number, seed: number, maxSteps: number) =>
    new DataOrder({ length, batchSize, epochs: options.numTrainEpochs, maxSteps, seed });
  const { trainBatchSize, judgeBatchSize, maxSteps, seed } = options;
  const steps = Math.max(
    stream(data.sft.length, trainBatchSize, seed, maxSteps).totalSteps,
    stream(data.judge.length, judgeBatchSize, seed, maxSteps).totalSteps,
  );
  const order = stream(data.sft.length, trainBatchSize, seed, steps);
  const judgeOrder = stream(data.judge.length, judgeBatchSize, seed + 1, steps);
  return {
    trainable,
    optimizer,
    order,
    schedule: schedule(options, steps),
    step: (at) => {
      const examples = [
        ...order.batch(at.step).map((i) => data.sft[i]),
        ...judgeOrder.batch(at.step).map((i) => data.judge[i]),
      ];
      return supervisedStep(examples, { trainable, optimizer, loss: options, options }, at);
    },
  };
}
