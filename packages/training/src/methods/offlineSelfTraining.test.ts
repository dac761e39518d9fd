import { TreeBatch } from '@selfjudge/engine';
import { fromScorer, type Judge } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import { disposeModel, loop, model, straightAndResumed } from '../testing/runs.js';
import { tinyLora, trainedAdapter, verdict } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { dpo, dpoTask } from './dpo.js';
import { presetOptions } from './method.js';
import {
  offlineSelfTraining,
  offlineSelfTrainingTask,
  prepareOffline,
  type OfflineSelfTrainingOptions,
} from './offlineSelfTraining.js';
import { preparePairs } from './prepare.js';

afterAll(disposeModel);

const shared = { maxSteps: 6, trainBatchSize: 4, learningRate: 1e-2 };
const options: OfflineSelfTrainingOptions = { ...presetOptions(offlineSelfTraining), ...shared };
const start = await trainedAdapter(model, 4);
const rows = ['aa', 'aaaa', 'a', 'aaa', 'aaaaa'].map((long, i) => ({
  id: `r${i}`,
  prompt: `Name ${i}?`,
  chosen: `${long}b`,
  rejected: i === 4 ? 'ccccc!' : 'c',
}));
const tokenizer = model.tokenizer!;
const lora = () => loraTrainable(model, tinyLora, { seed: 5, start });
const longer = fromScorer({ score: async (of) => of.map(({ answer }) => answer.length) });
const shorter = fromScorer({ score: async (of) => of.map(({ answer }) => -answer.length) });
const task = (judge: Judge = longer, changed: Partial<OfflineSelfTrainingOptions> = {}) =>
  offlineSelfTrainingTask(
    { trainable: lora(), judge, options: { ...options, ...changed } },
    prepareOffline(tokenizer, rows, options).examples,
  );
const at = { step: 1, learningRate: 1e-2 };
const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);

describe('self-train-offline', () => {
  it('is dpo to the bit where the judge says what the labels say, and dpo on turned labels where it says the opposite', async () => {
    const four = rows.slice(0, 4);
    const trained = async (of: {
      step: ReturnType<typeof task>['step'];
      trainable: ReturnType<typeof lora> | ReturnType<typeof task>['trainable'];
    }) => {
      await of.step(at);
      await of.step({ ...at, step: 2 });
      return of.trainable.policy.score(tree);
    };
    const dpoOn = async (of: typeof rows) =>
      trained(
        await dpoTask(lora(), preparePairs(tokenizer, of, options).examples, {
          ...presetOptions(dpo),
          ...shared,
        }),
      );
    const offline = (judge: Judge) =>
      trained(
        offlineSelfTrainingTask(
          { trainable: lora(), judge, options },
          prepareOffline(tokenizer, four, options).examples,
        ),
      );
    const turned = four.map(({ chosen, rejected, ...row }) => ({
      ...row,
      chosen: rejected,
      rejected: chosen,
    }));
    expect(await offline(longer)).toEqual(await dpoOn(four));
    expect(await offline(shorter)).toEqual(await dpoOn(turned));
    expect(await offline(longer)).not.toEqual(await offline(shorter));
  });

  it('drops ties, and tells how often the judge agrees with the labels', async () => {
    const { metrics, examples } = await task(longer, { trainBatchSize: 5 }).step(at);
    expect([...examples].sort()).toEqual(['r0', 'r1', 'r2', 'r3']);
    expect(metrics).toMatchObject({
      'judge/label_agreement': 1,
      'judge/tie_rate': 0.2,
      'judge/pair_rate': 0.8,
    });
    for (const name of ['sampling/kl', 'sampling/neg_logprob', 'sampling/logp_diff'])
      expect(metrics).not.toHaveProperty([name]);
    expect((await task(shorter, { trainBatchSize: 5 }).step(at)).metrics['judge/label_agreement']).toBe(0);
  });

  it('judges each pair once', async () => {
    let asked = 0;
    const judge: Judge = { compare: async (pairs) => pairs.map((p) => (asked++, verdict(p, 1))) };
    await train(task(judge), loop);
    expect(asked).toBe(5);
  });

  it('ends with a word where the judge has no winner', async () => {
    const judge: Judge = { compare: async (pairs) => pairs.map((p) => verdict(p, 0)) };
    await expect(train(task(judge), loop)).rejects.toThrow(/^\[self-train-offline\].*tied by the judge/);
  });

  it('interrupted and resumed ends with the bits of an uninterrupted run', async () => {
    const { straight, resumed, first, last } = await straightAndResumed(task, 3);
    expect(first).toMatchObject({ step: 3 });
    expect(last).toMatchObject({ status: 'completed', step: 6 });
    expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
  });
});
