import { ArgumentError } from '@selfjudge/base';
import { DataOrder } from './dataOrder.js';
import { AdamW } from '../optimizer/adamw.js';
import type { LoopOptions } from '../options/loop.js';
import type { TrainingTask } from './trainingTask.js';
import { schedule } from './schedule.js';
import type { Trainable } from '../optimizer/trainable.js';

/** The order in which a method sees `length` examples. */
export function orderOf(length: number, options: LoopOptions): DataOrder {
  const { trainBatchSize: batchSize, numTrainEpochs: epochs, maxSteps, seed } = options;
  return new DataOrder({ length, batchSize, epochs, maxSteps, seed });
}

/** What every method's task has: an optimizer, the order of its examples, and a schedule over all of its steps. */
export function taskOver<T extends Trainable>(
  trainable: T,
  length: number,
  options: LoopOptions,
): Omit<TrainingTask, 'step'> & { trainable: T } {
  const order = orderOf(length, options);
  const optimizer = new AdamW(trainable.parameters, options, trainable.momentsOver);
  return {
    trainable,
    optimizer,
    order,
    schedule: schedule(options, order.totalSteps),
    conclude() {
      if (optimizer.updatesMade > 0) return;
      throw new ArgumentError('learning', {
        where: 'train',
        expected: 'a finite gradient in at least one step',
        received: `none in ${order.totalSteps}: look at the weights, the dtype and the data (samples/bad-step-*)`,
      });
    },
  };
}
