import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { bootstrapMean, wilson } from './estimate.js';

describe('wilson', () => {
  // Values of the formula in Newcombe, Statistics in Medicine 17 (1998), and its textbook cases.
  it.each([
    [50, 100, 0.4038, 0.5962],
    [7, 10, 0.3968, 0.8922],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [81, 263, 0.2553, 0.3662],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (successes, n, low, high) => {
    const estimate = wilson(successes, n);
    expect(estimate.value).toBe(successes / n);
    expect(estimate.low).toBeCloseTo(low, 4);
    expect(estimate.high).toBeCloseTo(high, 4);
    expect(estimate.n).toBe(n);
  });

  it('counts ties half, and says NaN of nothing', () => {
    expect(wilson(2.5, 5).value).toBe(0.5);
    expect(wilson(0, 0)).toEqual({ value: NaN, low: NaN, high: NaN, n: 0 });
    expect(() => wilson(3, 2)).toThrow('successes');
    expect(() => wilson(NaN, 2)).toThrow('successes');
  });

  it('holds the truth in about 95% of samples', () => {
    const random = new Random(5);
    let held = 0;
    for (let trial = 0; trial < 2000; trial++) {
      let successes = 0;
      for (let i = 0; i < 60; i++) successes += Number(random.uniform() < 0.8);
      const { low, high } = wilson(successes, 60);
      held += Number(low <= 0.8 && 0.8 <= high);
    }
    expect(held / 2000).toBeGreaterThan(0.93);
    expect(held / 2000).toBeLessThan(0.97);
  });
});

describe('bootstrapMean', () => {
  it('is about mean +- 1.96 standard errors for independent values', () => {
    const random = new Random(1);
    const items = Array.from({ length: 400 }, (_, i) => ({ group: `${i}`, value: random.normal() }));
    const { value, low, high } = bootstrapMean(items, { seed: 3 });
    expect(value).toBeCloseTo(items.reduce((sum, x) => sum + x.value, 0) / 400, 12);
    expect((high - low) / 2).toBeGreaterThan(0.85 * (1.96 / 20));
    expect((high - low) / 2).toBeLessThan(1.15 * (1.96 / 20));
  });

  it('is wider where values of a group say the same', () => {
    const random = new Random(2);
    const once = Array.from({ length: 50 }, (_, i) => ({ group: `${i}`, value: random.normal() }));
    const fourTimes = once.flatMap((item) => [item, item, item, item]);
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    const alone = fourTimes.map(({ value }, i) => ({ group: `${i}`, value }));
    expect(width(bootstrapMean(fourTimes))).toBeCloseTo(width(bootstrapMean(once)), 12);
    expect(width(bootstrapMean(alone))).toBeLessThan(0.65 * width(bootstrapMean(fourTimes)));
  });

  it('repeats for a seed', () => {
    const items = [1, 2, 3, 4, 9].map((value) => ({ group: `${value}`, value }));
    expect(bootstrapMean(items, { seed: 4 })).toEqual(bootstrapMean(items, { seed: 4 }));
    expect(bootstrapMean([]).n).toBe(0);
  });
});
