import { afterAll, describe, expect, it } from 'vitest';
import type { JsftLossOptions } from '../options/supervised.js';
import { labelWeights, supervisedBackward } from './supervised.js';
import { jitter, relativeError, takeGradient, tinyExamples, tinyLora, tinyModel } from '../testing/tiny.js';
import { fullTrainable, loraTrainable } from '../optimizer/trainable.js';

const task: JsftLossOptions = {
  lossNormalization: 'task',
  sftWeight: 1,
  judgeWeight: 0.5,
  rationaleWeight: 0.25,
};
const token: JsftLossOptions = { ...task, lossNormalization: 'token' };
const { sft, judge } = tinyExamples(3, 8);
const mixed = [...sft, ...judge];
const model = tinyModel();
const trainable = loraTrainable(model, tinyLora, { seed: 5 });
const start = await trainable.parameters.policy.read();
jitter(trainable.parameters.policy, start, 6, 0.05);
afterAll(() => model.dispose());

describe('labelWeights', () => {
  it('task: each kind sums to its own weight over the whole step', () => {
    const w = labelWeights(mixed, task);
    const sftTokens = sft.reduce(
      (n, e) => n + e.sequences[0].targets![0][1] - e.sequences[0].targets![0][0],
      0,
    );
    expect(w.sft * sftTokens).toBeCloseTo(1, 12);
    expect(w.verdict * 16).toBeCloseTo(0.5, 12);
    expect(w.rationale * 48).toBeCloseTo(0.25, 12);
    expect(labelWeights(mixed, { ...task, sftWeight: 0.5 })).toEqual({ ...w, sft: w.sft / 2 });
  });
  it('token: every label weighs the same', () => {
    const w = labelWeights(mixed, token);
    expect(new Set(Object.values(w)).size).toBe(1);
  });
  it('a kind that is absent weighs nothing', () => {
    expect(labelWeights(sft, task)).toMatchObject({ verdict: 0, rationale: 0 });
  });
});

describe('supervisedBackward', () => {
  it.each([task, token])('loss is the written mean: $lossNormalization', async (options) => {
    const metrics = await supervisedBackward(trainable.policy, mixed, options, 1e6);
    await takeGradient(trainable.parameters.policy);
    const { 'loss/sft': s, 'loss/verdict': v, 'loss/rationale': r } = metrics;
    const n = metrics.tokens;
    const expected =
      options.lossNormalization === 'task' ? s + 0.5 * v + 0.25 * r : (s * (n - 64) + v * 16 + r * 48) / n;
    expect(metrics.loss).toBeCloseTo(expected, 6);
    expect(metrics.verdict_accuracy).toBeGreaterThanOrEqual(0);
    expect(metrics.verdict_accuracy).toBeLessThanOrEqual(1);
  });

  it.each([task, token])(
    '1, 3 and 8 micro-batches give one gradient: $lossNormalization',
    async (options) => {
      const whole = await supervisedBackward(trainable.policy, mixed, options, 1e6);
      const reference = await takeGradient(trainable.parameters.policy);
      for (const budget of [140, 50, 1]) {
        const cut = await supervisedBackward(trainable.policy, mixed, options, budget);
        expect(relativeError(await takeGradient(trainable.parameters.policy), reference)).toBeLessThan(1e-6);
        expect(cut.loss).toBeCloseTo(whole.loss, 6);
      }
    },
  );

  it('a conversation of several sequences has the loss and gradient of a row each', async () => {
    const turns = {
      id: 'turns',
      sequences: sft.flatMap(({ sequences }) => sequences),
      kinds: sft.flatMap(({ kinds }) => kinds),
    };
    const apart = await supervisedBackward(trainable.policy, sft, token, 1);
    const reference = await takeGradient(trainable.parameters.policy);
    const together = await supervisedBackward(trainable.policy, [turns], token, 1e6);
    expect(relativeError(await takeGradient(trainable.parameters.policy), reference)).toBeLessThan(1e-6);
    expect(together.loss).toBeCloseTo(apart.loss, 6);
    expect(together.tokens).toBe(apart.tokens);
  });

  it('the gradient is that of the loss: random directional derivative, full fine-tuning', async () => {
    const own = tinyModel(2);
    const full = fullTrainable(own);
    const at = await full.parameters.policy.read();
    await supervisedBackward(full.policy, mixed, task, 1e6);
    const gradient = await takeGradient(full.parameters.policy);
    const size = Math.sqrt(gradient.reduce((s, g) => s + g * g, 0));
    const direction = gradient.map((g) => g / size);
    const loss = async (h: number) => {
      full.parameters.policy.load(at.map((x, i) => x + h * direction[i]));
      const { loss } = await supervisedBackward(full.policy, mixed, task, 1e6);
      await takeGradient(full.parameters.policy);
      return loss;
    };
    const h = 1e-2;
    const slope = ((await loss(h)) - (await loss(-h))) / (2 * h);
    expect(Math.abs(slope - size) / size).toBeLessThan(5e-3);
    own.dispose();
  });

  it('dropout is keyed by the step, whatever the cut', async () => {
    const dropped = loraTrainable(model, { ...tinyLora, dropout: 0.3 }, { seed: 5 });
    jitter(dropped.parameters.policy, await dropped.parameters.policy.read(), 6, 0.05);
    const run = async (budget: number, step: number) => {
      await supervisedBackward(dropped.policy, mixed, task, budget, { seed: 9, step });
      return takeGradient(dropped.parameters.policy);
    };
    const one = await run(1e6, 1);
    expect(relativeError(await run(50, 1), one)).toBeLessThan(1e-6);
    expect(relativeError(await run(1e6, 2), one)).toBeGreaterThan(1e-3);
  });
});
