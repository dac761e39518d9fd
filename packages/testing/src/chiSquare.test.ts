import { describe, expect, it } from 'vitest';
import { chiSquare, upperGamma } from './chiSquare.js';
import { Random } from './random.js';

/** Q(n, x) for a whole n: the probability of under n events at rate x. */
function poisson(n: number, x: number): number {
  let term = Math.exp(-x);
  let sum = 0;
  for (let k = 0; k < n; k++, term *= x / k) sum += term;
  return sum;
}

describe('upperGamma', () => {
  it.each([
    [1, 0.3],
    [1, 40],
    [3, 2.5],
    [20, 12],
    [20, 45],
    [200, 180],
    [200, 260],
  ])('of whole a = %d at %d is a sum of Poisson probabilities', (a, x) => {
    expect(upperGamma(a, x) / poisson(a, x)).toBeCloseTo(1, 11);
  });

  it.each([0.2, 1, 4, 9])('of a half at %d is the complementary error function of its root', (x) => {
    // erfc(r) = 2 / sqrt(pi) times the integral of exp(-t^2) from r on, by Simpson's rule.
    const [from, intervals] = [Math.sqrt(x), 4000];
    const h = 6 / intervals;
    let sum = 0;
    for (let i = 0; i <= intervals; i++) {
      sum += (i === 0 || i === intervals ? 1 : 2 + 2 * (i % 2)) * Math.exp(-((from + i * h) ** 2));
    }
    const erfc = (2 / Math.sqrt(Math.PI)) * ((sum * h) / 3);
    expect(upperGamma(0.5, x) / erfc).toBeCloseTo(1, 10);
  });

  it('of a large a near its mean is near a half', () => {
    expect(upperGamma(20_000, 20_000)).toBeCloseTo(0.5, 2);
    expect(upperGamma(20_000, 20_000 * 1.05)).toBeLessThan(1e-11);
  });
});

describe('chiSquare', () => {
  const random = new Random('chi-square');
  const weights = Array.from({ length: 300 }, (_, i) => 1 / (i + 1));
  const total = weights.reduce((a, b) => a + b, 0);
  const probabilities = weights.map((w) => w / total);
  const draw = () => {
    let u = random.uniform();
    return probabilities.findIndex((p) => (u -= p) < 0);
  };
  const counts = new Float64Array(weights.length);
  for (let i = 0; i < 20_000; i++) counts[draw()]++;

  it('gives p-values that are uniform under the truth', () => {
    const ps = Array.from({ length: 1000 }, () => {
      const few = new Float64Array(weights.length);
      for (let i = 0; i < 500; i++) few[draw()]++;
      return chiSquare(few, probabilities).p;
    });
    for (const level of [0.1, 0.5, 0.9]) {
      expect(Math.abs(ps.filter((p) => p < level).length / ps.length - level)).toBeLessThan(0.05);
    }
  });

  it('pools what is expected fewer than five times', () => {
    expect(chiSquare([50, 30, 16, 1, 1, 2], [0.5, 0.3, 0.16, 0.02, 0.01, 0.01]).degrees).toBe(2);
    expect(chiSquare([7], [1])).toEqual({ statistic: 0, degrees: 0, p: 1 });
  });

  it('rejects probabilities off by a temperature of 1.2, and any count where there is none', () => {
    expect(chiSquare(counts, probabilities).p).toBeGreaterThan(1e-3);
    const powers = weights.map((w) => w ** (1 / 1.2));
    const sum = powers.reduce((a, b) => a + b, 0);
    expect(
      chiSquare(
        counts,
        powers.map((w) => w / sum),
      ).p,
    ).toBeLessThan(1e-6);
    expect(chiSquare([5, 1], [1, 0]).p).toBe(0);
  });
});
