import { TreeBatch } from '@selfjudge/engine';
import { fromScorer } from '@selfjudge/judging';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { fullPreferenceTrainable, loraTrainable } from '../optimizer/trainable.js';
import { readMetrics } from '../runs/index.js';
import { disposeModel, loop, model, newFolder, runIn, straightAndResumed } from '../testing/runs.js';
import { tinyLora, tinyModel, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { dpoDefaults, selfTrainingDefaults } from './defaults.js';
import { dpoFaults, dpoStep, dpoTask, type DpoOptions } from './dpo.js';
import { offlineSelfTrainingTask } from './offlineSelfTraining.js';
import { runReference } from './runReference.js';
import { selfTrainingTask } from './selfTraining.js';
import { selfTrainingFaults, type SelfTrainingOptions } from './selfTrainingRun.js';

afterAll(disposeModel);

const start = await trainedAdapter(model, 4);
const copied = { syncRefModel: true, refModelMixupAlpha: 1, refModelSyncSteps: 2 } as const;
const mixed = { ...copied, refModelMixupAlpha: 0.6 } as const;
const pairs = Array.from({ length: 6 }, (_, i) => ({
  id: `${i}`,
  prompt: [10 + i, 20, 30],
  chosen: { tokens: [40, 41 + i, 3] },
  rejected: { tokens: [50 + i, 51] },
}));
const dpoOptions: DpoOptions = {
  ...dpoDefaults,
  learningRate: 1e-2,
  lrSchedulerType: 'constant',
  maxSteps: 6,
  trainBatchSize: 6,
};
const selfOptions: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  learningRate: 1e-2,
  lrSchedulerType: 'constant',
  maxSteps: 6,
  trainBatchSize: 3,
  maxNewTokens: 8,
  missingEos: 'keep',
};
const judge = fromScorer({ score: async (of) => of.map(({ answer }) => answer.split(/[a-z]/).length) });
const lora = () => loraTrainable(model, tinyLora, { seed: 5, start });
const overDpo = (changed: Partial<DpoOptions> = {}, trainable = lora()) =>
  dpoTask(trainable, pairs, { ...dpoOptions, ...changed });
const overSelf = (changed: Partial<SelfTrainingOptions> = {}) =>
  selfTrainingTask(
    { trainable: lora(), judge, tokenizer: model.tokenizer!, options: { ...selfOptions, ...changed } },
    { prompts: tinyPrompts(model, 3) },
  );

async function metricsOf(task: TrainingTask | Promise<TrainingTask>) {
  const seen: Record<string, number>[] = [];
  await train(await task, { ...loop, onLog: ({ metrics }) => seen.push(metrics) });
  return seen;
}

describe('a reference that moves', () => {
  it('is the policy after every so many steps: dpo', async () => {
    const [still, moving] = [await metricsOf(overDpo()), await metricsOf(overDpo(copied))];
    const lossesOf = (seen: Record<string, number>[]) => seen.map(({ loss }) => loss);
    // It moves after the steps 2 and 4.
    expect(lossesOf(moving).map((loss) => loss === Math.LN2)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(lossesOf(still).map((loss) => loss === Math.LN2)).toEqual([true, ...Array(5).fill(false)]);
    expect(lossesOf(moving).slice(0, 2)).toEqual(lossesOf(still).slice(0, 2));
  });

  it('by a mixture of all weights lies between', async () => {
    const loss = async (changed: Partial<DpoOptions>) => {
      const own = tinyModel(3);
      const task = await overDpo(changed, fullPreferenceTrainable(own) as never);
      const [, , third] = await metricsOf(task);
      task.trainable.dispose();
      own.dispose();
      return third.loss;
    };
    const [still, near, copy] = [await loss({}), await loss(mixed), await loss(copied)];
    expect(copy).toBe(Math.LN2);
    expect(near).toBeLessThan(copy);
    expect(still).toBeLessThan(near);
  });

  it('is asked anew about pairs that were seen before: off_policy_once, held-out pairs, relabelled pairs', async () => {
    const again = await metricsOf(overSelf({ ...copied, sampling: 'off_policy_once' }));
    expect(again[0].loss).toBe(Math.LN2);
    expect(again[1].loss).not.toBe(Math.LN2);
    expect(again[2].loss).toBe(Math.LN2);
    const options = { ...dpoOptions, ...copied, evalSteps: 1 };
    const held = await metricsOf(dpoTask(lora(), pairs, options, undefined, pairs.slice(0, 2)));
    expect(held.map(({ eval_loss: loss }) => loss === Math.LN2)).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    const prompt = tinyPrompts(model, 1)[0];
    const answer = (text: string) => ({
      text,
      tokens: [...Buffer.from(text)],
      logprobs: new Float32Array(0),
      finish: 'eos' as const,
      sequence: {
        tokens: [...prompt.tokens, ...Buffer.from(text)],
        targets: [[prompt.tokens.length, prompt.tokens.length + text.length]] as [number, number][],
      },
    });
    const offline = await metricsOf(
      offlineSelfTrainingTask(
        {
          trainable: lora(),
          judge,
          options: { ...dpoOptions, ...copied, referenceWeight: 0, trainBatchSize: 1 },
        },
        [{ prompt, a: answer('abcd'), b: answer('12') }],
      ),
    );
    expect(offline.map(({ loss }) => loss === Math.LN2)).toEqual([true, false, true, false, true, false]);
  });

  it('leaves the start alone: who judges, draws, and is measured against', async () => {
    const trainable = lora();
    const options = { ...selfOptions, ...copied, sampling: 'off_policy' as const, maxSteps: 4 };
    const prompts = tinyPrompts(model, 3);
    const texts = async (changed: Partial<SelfTrainingOptions>) => {
      const seen: string[] = [];
      const task = selfTrainingTask(
        { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } },
        { prompts },
        (contests) => seen.push(...contests.map(({ a, b }) => `${a.text}|${b.text}`)),
      );
      await train(task, loop);
      return seen;
    };
    const batch = TreeBatch.from(prompts.map(({ tokens }) => ({ tokens, targets: [[1, tokens.length]] })));
    const before = await trainable.reference.score(batch);
    expect(await texts({})).toEqual(await texts({ syncRefModel: false }));
    expect(await trainable.reference.score(batch)).toEqual(before);
  });

  it('calls the KL to it by its name', async () => {
    const [first, , third] = await metricsOf(overSelf(copied));
    expect(first).not.toHaveProperty('sampling/kl');
    // In float32: two sums of the same terms in different orders.
    for (const { 'sampling/reference_kl': kl } of [first, third]) expect(Math.abs(kl)).toBeLessThan(1e-4);
    expect((await metricsOf(overSelf()))[2]).toHaveProperty('sampling/kl');
  });

  it.each([3, 4])('interrupted after step %i and resumed ends with the same bits: a copy', async (step) => {
    for (const make of [() => overDpo(copied), async () => overSelf(copied)]) {
      const { straight, resumed, last } = await straightAndResumed(make, step);
      expect(last).toMatchObject({ status: 'completed', step: 6 });
      expect(await resumed.trainable.parameters.policy.read()).toEqual(
        await straight.trainable.parameters.policy.read(),
      );
    }
  });

  it.each([1, 3])(
    'interrupted after step %i and resumed ends with the same bits: a mixture',
    async (step) => {
      const make = () => overDpo(mixed, fullPreferenceTrainable(tinyModel(3)) as never);
      const { straight, resumed, path } = await straightAndResumed(make, step);
      expect(await resumed.trainable.parameters.policy.read()).toEqual(
        await straight.trainable.parameters.policy.read(),
      );
      const { rows } = readMetrics(path);
      expect(rows.map(({ metrics }) => metrics.loss)).toEqual(
        (await metricsOf(make())).map(({ loss }) => loss),
      );
    },
  );

  it('is not that of a run whose reference stood still, nor the other way round', async () => {
    const path = newFolder();
    await runIn(path, await overDpo(copied));
    expect(readdirSync(join(path, 'checkpoints'))).toContain('step-6');
    await expect(runIn(path, await overDpo({ maxSteps: 8 }))).rejects.toThrow(/no 'task'/);
    const other = newFolder();
    await runIn(other, await overDpo());
    await expect(runIn(other, await overDpo({ ...copied, maxSteps: 8 }))).rejects.toThrow(/'task'/);
  });
});

describe('what does not go with a reference that moves', () => {
  const of = (changed: Partial<DpoOptions>) =>
    dpoFaults({ ...dpoOptions, ...copied, ...changed }).map(({ key }) => key);

  it('is said of the options', () => {
    expect(of({})).toEqual([]);
    expect(of({ precomputeRefLogProbs: true })).toEqual(['precomputeRefLogProbs']);
    expect(of({ lossType: 'simpo' })).toEqual(['syncRefModel']);
    const faults = selfTrainingFaults({ ...selfOptions, ...copied, referenceWeight: 1 });
    expect(faults.map(({ key }) => key)).toEqual(['referenceWeight']);
  });

  it('is said of the run: one too short for it to move, one whose kind cannot, a step by itself', async () => {
    await expect(overDpo({ ...copied, refModelSyncSteps: 6 })).rejects.toThrow(
      /refModelSyncSteps: expected less than the 6 steps of the run, .*received 6/,
    );
    await expect(overDpo(mixed)).rejects.toThrow(/refModelMixupAlpha: expected 1/);
    const { movingReference: _, ...plain } = lora();
    expect(() => runReference(plain, copied, 6)).toThrow(/one whose reference can move/);
    const trainable = lora();
    const { optimizer } = await overDpo({}, trainable);
    await expect(
      dpoStep(
        pairs,
        { trainable, optimizer, options: { ...dpoOptions, ...copied } },
        { step: 1, learningRate: 1 },
      ),
    ).rejects.toThrow(/run.options.syncRefModel: expected false/);
  });
});
