import { Random } from '@selfjudge/base';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Metrics } from '../metrics/means.js';
import { defaultsOf } from '@selfjudge/base/fields';
import { preferenceFields, type PreferenceOptions } from '../options/preference.js';
import { LOSS_TYPES, type LossType } from '../options/lossNames.js';
import { LOSSES } from './lossTable.js';
import { type TokenPair } from '../pairs/tokenPair.js';
import { precomputeReference, preferenceBackward } from './preferenceUpdate.js';
import { jitter, relativeError, takeGradient, tinyLora, tinyModel, trainedAdapter } from '../testing/tiny.js';
import { fullPreferenceTrainable, loraTrainable } from '../optimizer/trainable.js';

const options: PreferenceOptions = defaultsOf(preferenceFields);
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

function expectClose(a: Metrics, b: Metrics): void {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  for (const name of Object.keys(a)) expect(a[name], name).toBeCloseTo(b[name], 9);
}

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

  // One of each kind: of the difference, smoothed, of both sides, over the step, averaged, without a reference, mixed.
  it.each([
    ['sigmoid', {}],
    ['hinge', {}],
    ['ipo', {}],
    ['ipo', { logpReduction: 'mean' }],
    ['robust', { labelSmoothing: 0.1 }],
    ['nca_pair', {}],
    ['aot', {}],
    ['aot_unpaired', {}],
    ['sigmoid_norm', {}],
    ['sft', {}],
    ['simpo', {}],
    ['orpo', {}],
    ['cpo', { cpoAlpha: 0.5 }],
    [['sigmoid', 'aot', 'sft'], { lossWeights: [1, 0.5, 0.2] }],
  ] as [PreferenceOptions['lossType'], Partial<PreferenceOptions>][])(
    '%s %o: gradient of the loss, whatever the cut',
    async (lossType, more) => {
      const o: PreferenceOptions = { ...options, lossType, beta: 0.5, ...more };
      jitter(lora.parameters.policy, atStart, 6, 0.1);
      const at = await lora.parameters.policy.read();
      const metrics = await preferenceBackward(pairs, lora, o, 1e6);
      const gradient = await takeGradient(lora.parameters.policy);
      for (const budget of [60, 1]) {
        expectClose(await preferenceBackward(pairs, lora, o, budget), metrics);
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

  it('a loss over the step scores all pairs ahead only where they make several trees', async () => {
    jitter(lora.parameters.policy, atStart, 6, 0.1);
    const forwards = async (lossType: LossType, budget: number) => {
      const score = vi.spyOn(lora.policy, 'score');
      await preferenceBackward(pairs, lora, { ...options, lossType }, budget);
      const { length } = score.mock.calls;
      score.mockRestore();
      await takeGradient(lora.parameters.policy);
      return length;
    };
    expect(await forwards('aot', 1e6)).toBe(0);
    expect(await forwards('aot', 60)).toBeGreaterThan(1);
    expect(await forwards('sigmoid', 60)).toBe(0);
  });

  it.each(LOSS_TYPES.filter((type) => !LOSSES[type].reference))(
    '%s: no reference is asked, nor had, and nothing is said of one',
    async (lossType) => {
      jitter(lora.parameters.policy, atStart, 6, 0.1);
      const o = { ...options, lossType };
      const alone = { policy: lora.policy };
      const score = vi.spyOn(lora.reference, 'score');
      const metrics = await preferenceBackward(pairs, lora, o, 64);
      expect(score).not.toHaveBeenCalled();
      score.mockRestore();
      expect(await preferenceBackward(pairs, alone, o, 64)).toEqual(metrics);
      await takeGradient(lora.parameters.policy);
      expect('rewards/chosen' in metrics).toBe(lossType !== 'sft');
      await expect(preferenceBackward(pairs, alone, options, 64)).rejects.toThrow(
        /views.reference: expected/,
      );
    },
  );

  it('a mix says of each of its losses what it is', async () => {
    jitter(lora.parameters.policy, atStart, 6, 0.1);
    const mixed = { ...options, lossType: ['sigmoid', 'sft'] as const, lossWeights: [0.5, 2] };
    const metrics = await preferenceBackward(pairs, lora, mixed, 64);
    const alone = async (lossType: LossType) =>
      (await preferenceBackward(pairs, lora, { ...options, lossType }, 64)).loss;
    expect(metrics['loss/sigmoid']).toBe(await alone('sigmoid'));
    expect(metrics['loss/sft']).toBe(await alone('sft'));
    expect(metrics.loss).toBeCloseTo(0.5 * metrics['loss/sigmoid'] + 2 * metrics['loss/sft'], 12);
    await takeGradient(lora.parameters.policy);
  });

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
