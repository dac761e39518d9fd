import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Adapter, copyTo, ScoreHead, TreeBatch } from '@selfjudge/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { jsftTask } from '../methods/jsft.js';
import type { JsftOptions } from '../methods/jsft.js';
import { jsftDefaults, selfTrainingDefaults } from '../methods/defaults.js';
import { taskOver } from './taskOver.js';
import { train } from './runner.js';
import type { Selection, TrainingTask } from './trainingTask.js';
import {
  disposeModel,
  loop,
  model,
  newFolder,
  runIn,
  selfTask,
  stepsIn,
  stopAfter,
} from '../testing/runs.js';
import { tinyExamples, tinyLora, tinyModel, writeInto } from '../testing/tiny.js';
import { fullTrainable, loraTrainable } from '../optimizer/trainable.js';

afterAll(disposeModel);

const jsftOptions: JsftOptions = { ...jsftDefaults, maxSteps: 10, trainBatchSize: 3, judgeBatchSize: 2 };
/** JSFT of all weights, with a LoRA twin that has dropout. */
function fullTask(): TrainingTask {
  return jsftTask(fullTrainable(tinyModel(2)), tinyExamples(3, 7), jsftOptions);
}
function dropoutTask(): TrainingTask {
  const trainable = loraTrainable(model, { ...tinyLora, dropout: 0.2 }, { seed: 5 });
  return jsftTask(trainable, tinyExamples(3, 7), jsftOptions);
}

/** Self-training beside a head whose gradient comes of a number that the task keeps, and changes, itself. */
function statefulTask(): TrainingTask {
  const inner = selfTask();
  const head = ScoreHead.init(model, 8).makeTrainable();
  const trainable = { ...inner.trainable, parameters: { ...inner.trainable.parameters, head } };
  const task = taskOver(trainable, 7, { ...selfTrainingDefaults, learningRate: 1e-2, maxSteps: 10 });
  let mean = 0;
  let spread = new Float32Array([1, 2]);
  const grads = () => Float32Array.from({ length: head.size }, (_, i) => Math.sin(i + mean) + spread[1]);
  return {
    ...task,
    step: async ({ step, learningRate }) => {
      writeInto(head.grad, grads(), copyTo);
      const { gradNorm, skipped } = await task.optimizer.step(learningRate);
      mean = 0.9 * mean + gradNorm / step;
      spread = spread.map((x) => Math.fround(x / 3 + mean));
      return { metrics: { mean }, tokens: 1, examples: [], skipped };
    },
    state: () => ({ values: { mean }, tensors: { spread } }),
    restore: ({ values, tensors }) => {
      ({ mean } = values as { mean: number });
      spread = Float32Array.from(tensors!.spread);
    },
  };
}

/** The values of all sets. */
const valuesOf = async ({ trainable }: TrainingTask) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(trainable.parameters).map(async ([name, set]) => [name, await set.read()] as const),
    ),
  );

describe('train', () => {
  it.each([
    ['self-training', selfTask],
    ['JSFT of all weights', fullTask],
    ['JSFT with dropout', dropoutTask],
    ['two sets and a state of its own', statefulTask],
  ])('%s: interrupted and resumed gives the bits of an uninterrupted run', async (_, make) => {
    const straight = make();
    expect(await train(straight, loop)).toMatchObject({ status: 'completed', step: 10 });
    const path = newFolder();
    const stop = stopAfter(7);
    const first = await runIn(path, stop.task(make()), { signal: stop.signal });
    expect(first).toMatchObject({
      status: 'interrupted',
      step: 7,
      checkpoint: join(path, 'checkpoints', 'step-7'),
    });
    const resumed = make();
    expect(await runIn(path, resumed)).toMatchObject({ status: 'completed', step: 10 });
    expect(await valuesOf(resumed)).toEqual(await valuesOf(straight));
    expect(stepsIn(path)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual(['step-10', 'step-7']);
  });

  it('saves one adapter that gives what the policy gives', async () => {
    const path = newFolder();
    const task = selfTask();
    const result = await runIn(path, task);
    expect(result).toMatchObject({ status: 'completed', final: join(path, 'final') });
    const loaded = await Adapter.load(join(path, 'final'), model);
    expect(loaded.config.r).toBe(8);
    const batch = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);
    const [one, two] = [await model.view([loaded]).score(batch), await task.trainable.policy.score(batch)];
    one.forEach((logp, i) => expect(logp).toBeCloseTo(two[i], 5));
    expect(existsSync(join(path, 'final', 'tokenizer.json'))).toBe(true);
  });

  it('keeps the best policy by the signal, also across a stop', async () => {
    const signals = [0.6, 0.8, 0.7, 0.9, 0.5];
    const selection = (): Selection => ({
      every: 2,
      startSignal: 0.5,
      // The best of all is too far from the start.
      evaluate: ({ step }) =>
        Promise.resolve({ metrics: {}, signal: signals[step / 2 - 1], eligible: step !== 8, stop: false }),
    });
    const atFour = selfTask();
    await train({ ...atFour, order: Object.assign(Object.create(atFour.order), { totalSteps: 4 }) }, loop);
    const path = newFolder();
    const stop = stopAfter(7);
    await runIn(path, stop.task(selfTask(selection())), { signal: stop.signal });
    const task = selfTask(selection());
    const result = await runIn(path, task);
    expect(result).toMatchObject({ status: 'completed', step: 10, bestStep: 4 });
    expect(await task.trainable.parameters.policy.read()).toEqual(
      await atFour.trainable.parameters.policy.read(),
    );
  });

  it('ends where the signal says and goes back to the start when nothing was better', async () => {
    const task = selfTask({
      every: 3,
      startSignal: 0.5,
      evaluate: () => Promise.resolve({ metrics: {}, signal: 0.9, eligible: false, stop: true }),
    });
    const before = await task.trainable.parameters.policy.read();
    expect(await train(task, loop)).toMatchObject({ status: 'completed', step: 3, bestStep: 0 });
    expect(await task.trainable.parameters.policy.read()).toEqual(before);
  });

  it('reports a batch whose gradient is not finite and goes on', async () => {
    const path = newFolder();
    const task = selfTask();
    const warnings: string[] = [];
    const bad: TrainingTask = {
      ...task,
      step: async (at) => ({ ...(await task.step(at)), skipped: at.step === 2, examples: ['p3'] }),
    };
    await runIn(path, bad, { onWarning: (w) => warnings.push(w) });
    expect(warnings.filter((w) => w.includes('not finite'))).toEqual([
      expect.stringMatching(/^step 2 skipped.*examples p3$/),
    ]);
    expect(readFileSync(join(path, 'samples', 'bad-step-2.jsonl'), 'utf8')).toContain('"p3"');
  });
});
