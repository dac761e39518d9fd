import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RewardModel, TreeBatch } from '@selfjudge/engine';
import { afterAll, describe, expect, it } from 'vitest';
import type { Metrics } from '../metrics/means.js';
import { train } from '../loop/runner.js';
import { AdamW } from '../optimizer/adamw.js';
import { rewardTrainable, type RewardTrainable } from '../optimizer/rewardTrainable.js';
import { runIn, stopAfter } from '../testing/runs.js';
import { tinyLora, tinyModel, trainedAdapter } from '../testing/tiny.js';
import { rewardDefaults } from './defaults.js';
import { prepareReward, rewardStep, rewardTask, type RewardOptions } from './reward.js';

const model = tinyModel();
const tokenizer = model.tokenizer!;
const start = await trainedAdapter(model, 4);
afterAll(() => {
  start.dispose();
  model.dispose();
});

/** Answers with more of one letter are better. */
const rows = Array.from({ length: 12 }, (_, i) => ({
  id: `r${i}`,
  prompt: `Name ${i}?`,
  chosen: 'a'.repeat(2 + (i % 3)) + 'b',
  rejected: 'b'.repeat(2 + (i % 2)) + 'a'.repeat(i % 3),
}));
const { examples: pairs } = prepareReward(tokenizer, rows, { maxLength: 100 });
const options: RewardOptions = {
  ...rewardDefaults,
  learningRate: 2e-2,
  maxSteps: 12,
  trainBatchSize: 4,
  centerRewardsCoefficient: 0.01,
};
const loop = { saveSteps: 4, saveTotalLimit: 2 };
const make = (changed: Partial<RewardOptions> = {}, lora = tinyLora) =>
  rewardTask(rewardTrainable(model, { seed: 5, lora, start }), pairs, { ...options, ...changed });
const valuesOf = async ({ parameters }: { parameters: RewardTrainable['parameters'] }) => [
  await parameters.policy.read(),
  await parameters.head.read(),
];

describe('prepareReward', () => {
  it('keeps pairs whole, both sides with all that the chat template writes', () => {
    const text = '<|im_start|>user\nName 0?<|im_end|>\n<|im_start|>assistant\naab<|im_end|>\n';
    expect(tokenizer.decode(pairs[0].chosen)).toBe(text);
    expect(pairs).toHaveLength(12);
    expect(pairs[0]).not.toHaveProperty('margin');
    expect(prepareReward(tokenizer, [{ ...rows[0], margin: 2 }], { maxLength: 100 }).examples[0].margin).toBe(
      2,
    );
  });

  it('leaves out what is too long or the same, and cuts nothing', () => {
    const { length } = pairs[0].chosen;
    const longer = { ...rows[0], id: 'longer', rejected: 'b'.repeat(20) };
    const same = { ...rows[0], id: 'same', rejected: rows[0].chosen };
    const out = prepareReward(tokenizer, [rows[0], longer, same], { maxLength: length });
    expect(out.examples.map(({ id }) => id)).toEqual(['r0']);
    expect(out.cut).toBe(0);
    expect(out.dropped.map(({ id, problem: { code } }) => [id, code])).toEqual([
      ['longer', 'too-long'],
      ['same', 'equal-answers'],
    ]);
  });
});

describe('rewardTask', () => {
  it('learns to tell the better answer, and its run folder is a reward model', async () => {
    const path = mkdtempSync(join(tmpdir(), 'selfjudge-reward-'));
    const base = tinyModel();
    await base.save(join(path, 'base'));
    const trainable = rewardTrainable(base, { seed: 5, lora: tinyLora });
    const result = await runIn(join(path, 'run'), rewardTask(trainable, pairs, { ...options, maxSteps: 40 }));
    expect(result).toMatchObject({ status: 'completed', step: 40, last: { accuracy: 1 } });
    const { loss, min_reward, mean_reward, max_reward } = (result as { last: Metrics }).last;
    expect(loss).toBeLessThan(0.3);
    expect(min_reward).toBeLessThan(mean_reward);
    expect(mean_reward).toBeLessThan(max_reward);
    const loaded = await RewardModel.load(join(path, 'run'));
    expect(loaded.padTokenId).toBe(tokenizer.pad);
    const sequences = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
    const batch = TreeBatch.from(sequences.map((tokens) => loaded.sequence(tokens)));
    expect(await loaded.score(batch)).toEqual(await trainable.reward.score(batch));
    for (const part of [loaded, trainable, base]) part.dispose();
  });

  it.each([
    ['an adapter on a frozen one', () => make()],
    ['with dropout', () => make({ disableDropout: false }, { ...tinyLora, dropout: 0.3 })],
    [
      'all weights',
      () => rewardTask(rewardTrainable(tinyModel(2), { seed: 1 }), pairs, { ...options, learningRate: 1e-3 }),
    ],
  ])('%s: interrupted and resumed gives the bits of an uninterrupted run', async (_, task) => {
    const straight = task();
    expect(await train(straight, loop)).toMatchObject({ status: 'completed', step: 12 });
    const path = mkdtempSync(join(tmpdir(), 'selfjudge-reward-'));
    const stop = stopAfter(7);
    const first = await runIn(path, stop.task(task()), { signal: stop.signal });
    expect(first).toMatchObject({ status: 'interrupted', step: 7 });
    const resumed = task();
    expect(await runIn(path, resumed)).toMatchObject({ status: 'completed', step: 12 });
    expect(await valuesOf(resumed.trainable)).toEqual(await valuesOf(straight.trainable));
  });

  it('has no dropout unless asked for', async () => {
    const lossOf = async (disableDropout: boolean, step: number) => {
      const trainable = rewardTrainable(model, { seed: 5, lora: { ...tinyLora, dropout: 0.5 } });
      trainable.parameters.policy.load(
        (await trainable.parameters.policy.read()).map((x, i) => x + Math.sin(i) / 5),
      );
      const all = { ...options, disableDropout };
      const optimizer = new AdamW(trainable.parameters, all);
      const run = { trainable, optimizer, options: all };
      const { metrics } = await rewardStep(pairs, run, { step, learningRate: 0 });
      optimizer.dispose();
      trainable.dispose();
      return metrics.loss;
    };
    expect(await lossOf(true, 1)).toBe(await lossOf(true, 2));
    expect(await lossOf(false, 1)).not.toBe(await lossOf(false, 2));
  });

  it('starts from a head that is there, and refuses margins in some pairs only', async () => {
    const head = Float32Array.from({ length: 32 }, (_, i) => i / 32);
    const trainable = rewardTrainable(model, { seed: 5, lora: tinyLora, head, padTokenId: 3 });
    expect(await trainable.parameters.head.read()).toEqual(head);
    expect(trainable.reward.padTokenId).toBe(3);
    const some = pairs.map((pair, i) => (i === 4 ? pair : { ...pair, margin: 1 }));
    expect(() => rewardTask(trainable, some, options)).toThrow(/a margin in every pair, or in none.*r4/s);
    expect(() => rewardTrainable(model, { seed: 5, start })).toThrow(/none without lora/);
    trainable.dispose();
  });
});
