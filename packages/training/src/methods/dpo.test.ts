import { afterAll, describe, expect, it } from 'vitest';
import type { KeptSums } from '../losses/keptSums.js';
import { LOSSES } from '../losses/lossTable.js';
import { train } from '../loop/runner.js';
import { LOSS_TYPES } from '../options/lossNames.js';
import { fullTrainable, loraTrainable } from '../optimizer/trainable.js';
import { tinyLora, tinyModel } from '../testing/tiny.js';
import { dpoDefaults } from './defaults.js';
import { dpo, dpoFaults, dpoTask, type DpoOptions } from './dpo.js';

const model = tinyModel();
afterAll(() => model.dispose());
const pairs = Array.from({ length: 6 }, (_, i) => ({
  id: `${i}`,
  prompt: [10 + i, 20, 30],
  chosen: { tokens: [40, 41 + i, 3].slice(0, 1 + (i % 3)) },
  rejected: { tokens: [50 + i, 51] },
}));
const quick = { ...dpoDefaults, maxSteps: 12, trainBatchSize: 6, learningRate: 1e-2 };

async function run(options: DpoOptions, kept?: KeptSums) {
  const trainable = loraTrainable(model, tinyLora, { seed: 5 });
  const task = await dpoTask(trainable, pairs, options, kept);
  const seen: Record<string, number>[] = [];
  await train(task, { saveSteps: 0, saveTotalLimit: 0, onLog: ({ metrics }) => seen.push(metrics) });
  task.optimizer.dispose();
  trainable.dispose();
  return seen;
}

describe('dpo', () => {
  it.each(LOSS_TYPES)('%s is trained down', async (lossType) => {
    const labelSmoothing = lossType === 'exo_pair' ? 1e-3 : 0;
    for (const tokenBudget of LOSSES[lossType].step === undefined ? [4096] : [4096, 8]) {
      const seen = await run({ ...quick, lossType, labelSmoothing, tokenBudget });
      expect(seen.at(-1)!.loss).toBeLessThan(seen[0].loss);
      // APO-down lowers both sides, sft looks at one, and DiscoPOP has a hump at 0, from which it may leave either way.
      if (!['apo_down', 'sft', 'discopop'].includes(lossType))
        expect(seen.at(-1)!['rewards/margins']).toBeGreaterThan(0);
    }
  });

  it('without a reference asks for none: no frozen copy of the weights is made', async () => {
    const context = {
      options: { ...quick, lossType: 'simpo' as const },
      rows: [{ id: 'a', prompt: 'q', chosen: 'yes', rejected: 'no' }],
      tokenizer: model.tokenizer!,
      policy: () => fullTrainable(model),
      policyBesideStart: () => {
        throw new Error('a reference was asked for');
      },
      examplesOf: async (made: NonNullable<typeof dpo.made>) =>
        made.prepare([{ id: 'a', prompt: 'q', chosen: 'yes', rejected: 'no' }], {
          tokenizer: model.tokenizer!,
          options: quick,
        }).examples,
      heldOut: async () => [],
    };
    const task = await dpo.task(context as unknown as Parameters<typeof dpo.task>[0]);
    task.optimizer.dispose();
    const sigmoid = { ...context, options: quick };
    await expect(async () => dpo.task(sigmoid as unknown as Parameters<typeof dpo.task>[0])).rejects.toThrow(
      'a reference was asked for',
    );
    await expect(dpoTask(fullTrainable(model), pairs, quick)).rejects.toThrow(/beside its reference/);
  });

  it('a reference that was kept is not asked, and what is kept is what it says', async () => {
    const options = { ...quick, precomputeRefLogProbs: true };
    const live = await run(quick);
    let sums: readonly number[] | undefined;
    const kept = (there?: readonly number[]): KeptSums => ({
      read: (count) => (there?.length === count ? [...there] : undefined),
      write: (now) => (sums = now),
    });
    const losses = (seen: Record<string, number>[]) => seen.map(({ loss, grad_norm: norm }) => [loss, norm]);
    expect(losses(await run(options, kept()))).toEqual(losses(live));
    expect(sums).toHaveLength(12);
    const [first, written] = [sums!, sums];
    expect(losses(await run(options, kept(first)))).toEqual(losses(live));
    expect(sums).toBe(written);
    // They are read and believed: other numbers give another loss.
    const other = await run(options, kept(first.map((sum, i) => sum + i)));
    expect(other[0].loss).not.toBe(live[0].loss);
  });

  it('refuses what no loss reads', () => {
    const keys = (options: Partial<DpoOptions>) => dpoFaults({ ...quick, ...options }).map(({ key }) => key);
    expect(keys({})).toEqual([]);
    expect(keys({ lossType: 'simpo', precomputeRefLogProbs: true })).toEqual(['precomputeRefLogProbs']);
    expect(keys({ lossType: ['hinge', 'sft'], lossWeights: [1], labelSmoothing: 0.1 })).toEqual([
      'lossWeights',
      'labelSmoothing',
    ]);
  });
});
