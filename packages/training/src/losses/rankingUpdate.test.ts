import { Random } from '@selfjudge/base';
import { defaultsOf } from '@selfjudge/base/fields';
import { afterAll, describe, expect, it } from 'vitest';
import { preferenceFields, type PreferenceOptions } from '../options/preference.js';
import { loraTrainable } from '../optimizer/trainable.js';
import type { Ranking } from '../pairs/ranking.js';
import { jitter, relativeError, takeGradient, tinyLora, tinyModel, trainedAdapter } from '../testing/tiny.js';
import { preferenceBackward } from './preferenceUpdate.js';
import { rankingBackward } from './rankingUpdate.js';

const options: PreferenceOptions = {
  ...defaultsOf(preferenceFields),
  lossType: 'plackett_luce',
  beta: 0.5,
};
const model = tinyModel();
const start = await trainedAdapter(model, 4);
const lora = loraTrainable(model, tinyLora, { seed: 5, start });
const { policy: parameters } = lora.parameters;
jitter(parameters, await parameters.read(), 6, 0.1);
const at = await parameters.read();
afterAll(() => model.dispose());

/** Rankings with tiers of these sizes; the reference says what it likes. */
function ranked(...shapes: number[][]): Ranking[] {
  const random = new Random(11);
  const ids = (n: number) => Array.from({ length: n }, () => random.below(250));
  return shapes.map((sizes, i) => ({
    id: `${i}`,
    prompt: ids(6),
    tiers: sizes.map((size) =>
      Array.from({ length: size }, () => ({
        tokens: ids(2 + random.below(5)),
        reference: -20 + random.normal(),
      })),
    ),
  }));
}

async function backward(rankings: readonly Ranking[], budget: number, o = options) {
  const metrics = await rankingBackward(rankings, lora.policy, o, budget);
  return { metrics, gradient: await takeGradient(parameters) };
}

describe('rankingBackward', () => {
  const rankings = ranked([1, 1, 1, 1], [1, 2, 1], [2, 1], [1, 1]);

  it.each([{}, { logpReduction: 'mean' }, { lossWeights: [3] }] as Partial<PreferenceOptions>[])(
    'is the gradient of its loss, whatever the cut: %o',
    async (more) => {
      const o = { ...options, ...more };
      const { metrics, gradient } = await backward(rankings, 1e6, o);
      for (const budget of [60, 1]) {
        const cut = await backward(rankings, budget, o);
        for (const name of Object.keys(metrics)) expect(cut.metrics[name]).toBeCloseTo(metrics[name], 9);
        expect(relativeError(cut.gradient, gradient)).toBeLessThan(1e-6);
      }
      const size = Math.sqrt(gradient.reduce((s, g) => s + g * g, 0));
      const loss = async (h: number) => {
        parameters.load(at.map((x, i) => x + (h * gradient[i]) / size));
        const moved = await backward(rankings, 1e6, o);
        parameters.load(at);
        return moved.metrics.loss;
      };
      const h = 2e-3;
      const slope = ((await loss(h)) - (await loss(-h))) / (2 * h);
      expect(Math.abs(slope - size) / size).toBeLessThan(1e-2);
    },
  );

  it('of two answers is sigmoid on the pairs: loss, metrics and gradient', async () => {
    const two = ranked([1, 1], [1, 1], [1, 1]);
    const pairs = two.map(({ id, prompt, tiers: [[chosen], [rejected]] }) => ({
      id,
      prompt,
      chosen,
      rejected,
    }));
    const { metrics, gradient } = await backward(two, 64);
    const dpo = await preferenceBackward(pairs, lora, { ...options, lossType: 'sigmoid' }, 64);
    expect(Object.keys(metrics)).toEqual(Object.keys(dpo));
    for (const name of Object.keys(dpo)) expect(metrics[name]).toBeCloseTo(dpo[name], 12);
    expect(relativeError(gradient, await takeGradient(parameters))).toBeLessThan(1e-6);
  });

  it('says rewards over every two answers of which one is above the other', async () => {
    const [one] = ranked([1, 2]);
    const { metrics } = await backward([one], 1e6);
    const [[best], [second, third]] = one.tiers;
    const pair = (rejected: typeof best) => ({ id: 'p', prompt: one.prompt, chosen: best, rejected });
    const dpo = await preferenceBackward([pair(second), pair(third)], lora, options, 1e6);
    await takeGradient(parameters);
    for (const name of ['rewards/chosen', 'rewards/rejected', 'rewards/accuracies', 'rewards/margins'])
      expect(metrics[name]).toBeCloseTo(dpo[name], 9);
  });

  it('asks for what the reference says', async () => {
    const [one] = ranked([1, 1]);
    delete one.tiers[0][0].reference;
    await expect(rankingBackward([one], lora.policy, options, 64)).rejects.toThrow(
      /the reference, which the loss is about/,
    );
    parameters.zeroGrad();
  });
});
