import { byteModel } from '@selfjudge/testing/tinyModel';
import { describe, expect, it } from 'vitest';
import { implicitReward, implicitRewardOf } from './implicitReward.js';

describe('implicitRewardOf', () => {
  it('compares rewards, equal ones half', () => {
    const report = implicitRewardOf([1, 2, -1, 0], [0, 3, -2, 0]);
    expect(report.accuracy).toMatchObject({ value: 2.5 / 4, n: 4 });
    expect(report).toMatchObject({ margin: 0.25, chosen: 0.5, rejected: 0.25 });
  });
});

describe('implicitReward', () => {
  const pairs = [
    { prompt: 'a', chosen: 'yes', rejected: 'no' },
    { prompt: 'b', chosen: 'no', rejected: 'yes' },
    { prompt: 'x'.repeat(100), chosen: 'cut', rejected: 'off' },
  ];

  it('is nothing between a model and itself, and scales with beta', async () => {
    const [model, other] = [1, 2].map((seed) => byteModel({ seed, config: { maxPositions: 128 } }));
    const tokenizer = model.tokenizer!;
    const options = { beta: 0.1, maxLength: 100 };
    const same = await implicitReward(model.view(), model.view(), tokenizer, pairs, options);
    expect(same.accuracy).toMatchObject({ value: 0.5, n: 2 });
    expect(same).toMatchObject({ margin: 0, chosen: 0, rejected: 0, skipped: 1 });
    const one = await implicitReward(model.view(), other.view(), tokenizer, pairs, options);
    const two = await implicitReward(model.view(), other.view(), tokenizer, pairs, {
      ...options,
      beta: 0.2,
      tokenBudget: 1,
    });
    expect(two.margin).toBeCloseTo(2 * one.margin, 12);
    expect(two.accuracy).toEqual(one.accuracy);
    expect(one.chosen).not.toBe(0);
    for (const loaded of [model, other]) loaded.dispose();
  });
});
