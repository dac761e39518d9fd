import { TreeBatch } from '@selfjudge/engine';
import { afterAll, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import { disposeModel, loop, model, straightAndResumed } from '../testing/runs.js';
import { tinyExamples, tinyLora } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { methodName, methodNameTask } from './methodName.js';
import { presetOptions } from './method.js';

afterAll(disposeModel);

const options = { ...presetOptions(methodName), maxSteps: 10, trainBatchSize: 3, learningRate: 0.01 };
const task = (lossScale = 1) =>
  methodNameTask(loraTrainable(model, tinyLora, { seed: 5 }), tinyExamples(3, 7).sft, {
    ...options,
    lossScale,
  });
const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);

it('learns', async () => {
  const losses: number[] = [];
  await train(task(), { ...loop, onLog: ({ metrics }) => losses.push(metrics.loss) });
  expect(losses).toHaveLength(10);
  expect(losses[9]).toBeLessThan(losses[0]);
});

it('has the loss times its scale', async () => {
  const first = async (scale: number) => (await task(scale).step({ step: 1, learningRate: 0 })).metrics.loss;
  expect(await first(2)).toBeCloseTo(2 * (await first(1)), 5);
});

it('interrupted and resumed ends with the bits of an uninterrupted run', async () => {
  const { straight, resumed, first, last } = await straightAndResumed(task, 4);
  expect(first).toMatchObject({ step: 4 });
  expect(last).toMatchObject({ status: 'completed', step: 10 });
  expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
});
