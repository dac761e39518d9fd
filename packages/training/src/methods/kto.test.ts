import { Random } from '@selfjudge/base';
import { afterAll, describe, expect, it } from 'vitest';
import { ktoBackward } from '../losses/ktoUpdate.js';
import { ktoLoss } from '../losses/ktoLoss.js';
import { train } from '../loop/runner.js';
import { loraTrainable } from '../optimizer/trainable.js';
import type { LabelledAnswer } from '../pairs/labelledAnswer.js';
import { jitter, relativeError, takeGradient, tinyLora, tinyModel, trainedAdapter } from '../testing/tiny.js';
import { ktoDefaults } from './defaults.js';
import { ktoFaults, ktoTask, prepareLabelled } from './kto.js';

const model = tinyModel();
const start = await trainedAdapter(model, 4);
const lora = loraTrainable(model, tinyLora, { seed: 5, start });
const { policy } = lora.parameters;
const atStart = await policy.read();
afterAll(() => model.dispose());

const random = new Random(3);
const ids = (n: number) => Array.from({ length: n }, () => random.below(250));
const rows: LabelledAnswer[] = Array.from({ length: 7 }, (_, i) => ({
  id: `${i}`,
  prompt: ids(3 + (i % 3)),
  answer: ids(1 + random.below(6)),
  label: i % 3 !== 1,
}));
const options = { ...ktoDefaults, beta: 0.5, desirableWeight: 1.2, undesirableWeight: 0.7 };

describe('ktoLoss', () => {
  it('slopes agree with central differences, and are finite far away', () => {
    const h = 1e-5;
    for (const label of [true, false])
      for (const logp of [-30, -12, -10, 4]) {
        const at = (x: number) => ktoLoss([{ logp: x, reference: -11, label }], 0.7, options)[0];
        expect(at(logp).slope).toBeCloseTo((at(logp + h).value - at(logp - h).value) / (2 * h), 8);
        for (const far of [-5000, 5000]) expect(Object.values(at(far)).every(Number.isFinite)).toBe(true);
      }
  });
});

describe('ktoBackward', () => {
  it('before the first update the loss is half of the weights, and nothing diverges', async () => {
    policy.load(atStart);
    const metrics = await ktoBackward(rows, lora, ktoDefaults);
    await takeGradient(policy);
    expect(metrics.loss).toBe(0.5);
    expect(metrics.kl).toBe(0);
    expect(metrics['rewards/margins']).toBe(0);
  });

  it('gradient of the loss at a fixed divergence, whatever the cut', async () => {
    jitter(policy, atStart, 6, 0.1);
    const at = await policy.read();
    const { kl } = await ktoBackward(rows, lora, options);
    const gradient = await takeGradient(policy);
    for (const tokenBudget of [40, 1]) {
      expect((await ktoBackward(rows, lora, { ...options, tokenBudget })).kl).toBeCloseTo(kl, 9);
      expect(relativeError(await takeGradient(policy), gradient)).toBeLessThan(1e-6);
    }
    const size = Math.sqrt(gradient.reduce((s, g) => s + g * g, 0));
    // The divergence is a constant of the gradient: the loss again from what the step says of its rewards' answers.
    const loss = async (h: number) => {
      policy.load(at.map((x, i) => x + (h * gradient[i]) / size));
      const scored = [];
      for (const row of rows) {
        const one = await ktoBackward([row], lora, { ...options, beta: 1 });
        const ratio = one[row.label ? 'rewards/chosen' : 'rewards/rejected'];
        scored.push({ logp: ratio, reference: 0, label: row.label });
      }
      await takeGradient(policy);
      return ktoLoss(scored, kl, options).reduce((sum, { value }) => sum + value, 0) / rows.length;
    };
    const h = 2e-3;
    const slope = ((await loss(h)) - (await loss(-h))) / (2 * h);
    expect(Math.abs(slope - size) / size).toBeLessThan(1e-2);
  });

  it('the divergence is that of each prompt with the answer before it, cut to the limit', async () => {
    const others = rows.map((row, i) => ({ ...row, answer: rows[(i + 6) % 7].answer, label: true }));
    const seen: number[] = [];
    for (const seed of [8, 9, 10, 11, 12, 13]) {
      jitter(policy, atStart, seed, 0.1);
      const ratio = (await ktoBackward(others, lora, { ...options, beta: 1 }))['rewards/chosen'];
      const { kl: divergence } = await ktoBackward(rows, lora, options);
      expect(divergence).toBeCloseTo(Math.max(0, ratio), 6);
      seen.push(ratio);
    }
    expect(Math.min(...seen)).toBeLessThan(0);
    expect(Math.max(...seen)).toBeGreaterThan(0);
    jitter(policy, atStart, 8 + seen.findIndex((ratio) => ratio > 0), 0.1);
    const { kl } = await ktoBackward(rows, lora, options);
    const cut = await ktoBackward(rows, lora, { ...options, maxLength: 6 });
    expect(cut.kl).not.toBe(kl);
    await takeGradient(policy);
  });

  it('says nothing of a label that no row has', async () => {
    policy.load(atStart);
    const metrics = await ktoBackward(
      rows.filter(({ label }) => label),
      lora,
      options,
    );
    await takeGradient(policy);
    expect(Object.keys(metrics).sort()).toEqual(['kl', 'logps/chosen', 'loss', 'rewards/chosen']);
  });
});

describe('kto', () => {
  it('learns which answers are wanted', async () => {
    const own = loraTrainable(model, tinyLora, { seed: 6, start });
    const task = ktoTask(own, rows, { ...options, maxSteps: 30, trainBatchSize: 7, learningRate: 5e-3 });
    const margins: number[] = [];
    await train(task, {
      saveSteps: 0,
      saveTotalLimit: 0,
      onLog: ({ metrics }) => margins.push(metrics['rewards/margins'] ?? NaN),
    });
    expect(margins.at(-1)).toBeGreaterThan(0.5);
    task.optimizer.dispose();
    own.dispose();
  });

  it('keeps prompt and answer apart, and cuts the answer alone', () => {
    const row = { id: 'a', prompt: 'Why?', completion: 'Because of it.', label: false };
    const [whole] = prepareLabelled(model.tokenizer!, [row], { maxLength: 999 }).examples;
    const { examples, cut } = prepareLabelled(model.tokenizer!, [row], {
      maxLength: whole.prompt.length + 3,
    });
    expect(cut).toBe(1);
    expect(examples[0]).toEqual({ ...whole, answer: whole.answer.slice(0, 3) });
    const { dropped } = prepareLabelled(model.tokenizer!, [row], { maxLength: whole.prompt.length });
    expect(dropped[0].problem.code).toBe('prompt-too-long');
  });

  it('asks for two rows a step', () => {
    expect(ktoFaults({ ...ktoDefaults, trainBatchSize: 1 })).toHaveLength(1);
    expect(ktoFaults(ktoDefaults)).toEqual([]);
  });
});
