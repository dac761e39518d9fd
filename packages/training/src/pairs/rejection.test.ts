import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { rejectionSample } from './rejection.js';

/** Pearson's statistic of counts against the shares that are expected. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b);
  return counts.reduce((sum, count, i) => sum + (count - n * shares[i]) ** 2 / (n * shares[i]), 0);
}

const START = [0.4, 0.3, 0.2, 0.1];
const REWARD = [0, 0.5, 1, 1.5];
const tilted = (beta: number): number[] => {
  const weights = START.map((p, y) => p * Math.exp(REWARD[y] / beta));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
};

/** How often each of four answers is accepted, of candidates drawn from START. */
function acceptedCounts(beta: number, of: { candidates: number; count: number; trials: number }): number[] {
  const random = new Random(3);
  const draw = () => {
    let u = random.uniform();
    return Math.max(
      0,
      START.findIndex((p) => (u -= p) < 0),
    );
  };
  const counts = START.map(() => 0);
  for (let trial = 0; trial < of.trials; trial++) {
    const answers = Array.from({ length: of.candidates }, draw);
    const rewards = answers.map((y) => REWARD[y]);
    for (const i of rejectionSample(rewards, { count: of.count, beta }, random)) counts[answers[i]]++;
  }
  return counts;
}

describe('rejectionSample', () => {
  // 3 degrees of freedom: above 16.27 in one of a thousand.
  it.each([0.5, 2])('keeps candidates of p as p exp(r / beta): beta %d', (beta) => {
    const counts = acceptedCounts(beta, { candidates: 96, count: 2, trials: 4000 });
    expect(chiSquare(counts, tilted(beta))).toBeLessThan(16.27);
    // The test can tell: of the start itself, and of another beta, the same counts are not.
    expect(chiSquare(counts, START)).toBeGreaterThan(200);
    expect(chiSquare(counts, tilted(2 * beta))).toBeGreaterThan(50);
  });

  it('takes candidates as they come when beta is large: they follow p', () => {
    expect(rejectionSample([1, 9, 5, 7], { count: 3, beta: 1e20 }, new Random(1))).toEqual([0, 1, 2]);
    const counts = acceptedCounts(1e9, { candidates: 16, count: 4, trials: 2000 });
    expect(chiSquare(counts, START)).toBeLessThan(16.27);
  });

  it('takes the best, best first, when beta is small', () => {
    const rewards = [-3, 2.5, 0.1, 7, 2.4, -9];
    for (let seed = 0; seed < 20; seed++)
      expect(rejectionSample(rewards, { count: 4, beta: 1e-6 }, new Random(seed))).toEqual([3, 1, 4, 2]);
  });

  it('tells candidates apart by their index, and ends when there are no more', () => {
    const all = rejectionSample([1, 1, 1, -1], { count: 9, beta: 0.5 }, new Random(2));
    expect([...all].sort()).toEqual([0, 1, 2, 3]);
    expect(rejectionSample([], { count: 2, beta: 0.5 }, new Random(2))).toEqual([]);
  });

  it('is a function of its seed', () => {
    const rewards = Array.from({ length: 30 }, (_, i) => Math.sin(i));
    const of = (seed: number) => rejectionSample(rewards, { count: 8, beta: 0.5 }, new Random(seed));
    expect(of(5)).toEqual(of(5));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => of(seed).join())).size).toBe(5);
  });
});
