import { Random } from '@selfjudge/base';
import { afterAll, describe, expect, it } from 'vitest';
import type { LossType } from '../options/preference.js';
import type { PreferenceOptions } from '../options/preference.js';
import { type TokenPair } from '../pairs/tokenPair.js';
import { precomputeReference, preferenceBackward } from './preferenceUpdate.js';
import { jitter, relativeError, takeGradient, tinyLora, tinyModel, trainedAdapter } from '../testing/tiny.js';
import { fullPreferenceTrainable, loraTrainable } from '../optimizer/trainable.js';

const options: PreferenceOptions = {
  lossType: 'sigmoid',
  beta: 0.1,
  labelSmoothing: 0,
  logpReduction: 'sum',
};
const model = tinyModel();
const start = await trainedAdapter(model, 4);
const lora = loraTrainable(model, tinyLora, { seed: 5, start });
const atStart = await lora.parameters.policy.read();
afterAll(() => model.dispose());

function randomPairs(count: number): TokenPair[] {
  const random = new Random(11);
  const ids = (n: number) => Array.from({ length: n }, () => random.below(250));
  return Array.from({ length: count }, (_, i) => {
    const shared = ids(random.below(3));
    return {
      id: `${i}`,
      prompt: ids(6),
      chosen: { tokens: [...shared, ...ids(1 + random.below(6))] },
      rejected: { tokens: [...shared, ...ids(1 + random.below(6))] },
    };
  });
}
const pairs = randomPairs(8);

describe('preferenceBackward', () => {
  it('before the first update policy and reference agree to the bit: LoRA on a frozen adapter', async () => {
    lora.parameters.policy.load(atStart);
    const metrics = await preferenceBackward(pairs, lora, options, 64);
    await takeGradient(lora.parameters.policy);
    expect(metrics.loss).toBe(Math.LN2);
    expect(metrics['rewards/chosen']).toBe(0);
    expect(metrics['rewards/rejected']).toBe(0);
  });

  it('before the first update policy and reference agree to the bit: full fine-tuning and a frozen clone', async () => {
    const own = tinyModel(3);
    const full = fullPreferenceTrainable(own);
    const metrics = await preferenceBackward(pairs, full, options, 64);
    expect(metrics.loss).toBe(Math.LN2);
    expect(metrics['rewards/margins']).toBe(0);
    full.start.dispose();
    own.dispose();
  });

  it.each([
    ['sigmoid', 'sum'],
    ['hinge', 'sum'],
    ['ipo', 'sum'],
    ['ipo', 'mean'],
  ] as [LossType, 'sum' | 'mean'][])(
    '%s over %s: gradient of the loss, whatever the cut',
    async (lossType, reduction) => {
      const o: PreferenceOptions = { ...options, lossType, logpReduction: reduction, beta: 0.5 };
      jitter(lora.parameters.policy, atStart, 6, 0.1);
      const at = await lora.parameters.policy.read();
      await preferenceBackward(pairs, lora, o, 1e6);
      const gradient = await takeGradient(lora.parameters.policy);
      for (const budget of [60, 1]) {
        await preferenceBackward(pairs, lora, o, budget);
        expect(relativeError(await takeGradient(lora.parameters.policy), gradient)).toBeLessThan(1e-6);
      }
      const size = Math.sqrt(gradient.reduce((s, g) => s + g * g, 0));
      const loss = async (h: number) => {
        lora.parameters.policy.load(at.map((x, i) => x + (h * gradient[i]) / size));
        const { loss } = await preferenceBackward(pairs, lora, o, 1e6);
        await takeGradient(lora.parameters.policy);
        return loss;
      };
      const h = 2e-3;
      const slope = ((await loss(h)) - (await loss(-h))) / (2 * h);
      expect(Math.abs(slope - size) / size).toBeLessThan(1e-2);
    },
  );

  it.each([
    ['sigmoid', Math.LN2],
    ['hinge', 1],
    ['ipo', 1],
  ] as [LossType, number][])(
    '%s: a pair of equal answers has a gradient of zero to the bit',
    async (lossType, value) => {
      jitter(lora.parameters.policy, atStart, 8, 0.1);
      // One more answer to the first prompt, so that one row has labels of two pairs.
      const equal = [...pairs, { ...pairs[1], prompt: pairs[0].prompt }].map((pair) => ({
        ...pair,
        rejected: pair.chosen,
      }));
      for (const budget of [1e6, 1]) {
        const metrics = await preferenceBackward(equal, lora, { ...options, lossType, beta: 0.5 }, budget);
        expect(metrics.loss).toBe(value);
        expect(metrics['logps/chosen']).toBe(metrics['logps/rejected']);
        expect(metrics['rewards/chosen']).not.toBe(0);
        const bits = new Uint32Array((await takeGradient(lora.parameters.policy)).buffer);
        expect(bits.every((word) => word === 0)).toBe(true);
      }
    },
  );

  it('precomputed reference sums are those of the step', async () => {
    jitter(lora.parameters.policy, atStart, 7, 0.1);
    const live = await preferenceBackward(pairs, lora, options, 64);
    const gradient = await takeGradient(lora.parameters.policy);
    const ready = await precomputeReference(pairs, lora.reference, 100);
    expect(await preferenceBackward(ready, lora, options, 64)).toEqual(live);
    expect(await takeGradient(lora.parameters.policy)).toEqual(gradient);
  });
});
