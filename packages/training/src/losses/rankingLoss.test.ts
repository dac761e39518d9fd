import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { sigmoid } from './differenceLosses.js';
import { plackettLuce, plackettLucePair, type Tiers } from './rankingLoss.js';

/** -log prod_k exp(b r_k) / sum_{j >= k} exp(b r_j), as it is written in arXiv 2305.18290, appendix A.3. */
const asWritten = (ratios: readonly number[], beta: number) =>
  -Math.log(
    ratios.reduce((product, _, k) => {
      const left = ratios.slice(k).map((r) => Math.exp(beta * r));
      return (product * left[0]) / left.reduce((sum, x) => sum + x, 0);
    }, 1),
  );
const oneEach = (ratios: readonly number[]) => ratios.map((ratio) => [ratio]);

function permutations<T>(of: readonly T[]): T[][] {
  if (of.length < 2) return [[...of]];
  return of.flatMap((one, i) =>
    permutations([...of.slice(0, i), ...of.slice(i + 1)]).map((p) => [one, ...p]),
  );
}

/** Largest difference between the slopes and central differences. */
function slopeError(tiers: Tiers<number>, beta: number): number {
  const { slopes } = plackettLuce(tiers, { beta });
  const h = 1e-5;
  const at = (i: number, step: number) => {
    let n = 0;
    const moved = tiers.map((tier) => tier.map((ratio) => (n++ === i ? ratio + step : ratio)));
    return plackettLuce(moved, { beta }).value;
  };
  return Math.max(...slopes.map((slope, i) => Math.abs(slope - (at(i, h) - at(i, -h)) / (2 * h))));
}

describe('plackettLuce', () => {
  const random = new Random(3);
  const drawn = [2, 3, 4, 7].map((n) => Array.from({ length: n }, () => 8 * random.normal()));

  it('is what the paper writes', () => {
    for (const ratios of drawn)
      for (const beta of [0.05, 0.1, 1]) {
        const written = asWritten(ratios, beta);
        expect(Math.abs(plackettLuce(oneEach(ratios), { beta }).value - written)).toBeLessThan(
          1e-12 * Math.max(1, written),
        );
      }
    // exp(r): 3, 2 and 1: 3/6 * 2/3.
    const [a, b, c] = [3, 2, 1].map(Math.log);
    expect(plackettLuce([[a], [b], [c]], { beta: 1 }).value).toBeCloseTo(Math.log(3), 14);
    expect(plackettLuce([[0], [0], [0], [0]], { beta: 0.1 }).value).toBeCloseTo(Math.log(24), 14);
  });

  it('makes of all orders of the same answers a distribution', () => {
    for (const ratios of drawn.slice(0, 3)) {
      const chances = permutations(ratios).map((order) =>
        Math.exp(-plackettLuce(oneEach(order), { beta: 0.3 }).value),
      );
      expect(chances.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    }
  });

  it('has the slopes of its central differences, which add up to 0', () => {
    for (const ratios of drawn)
      for (const beta of [0.05, 0.5]) {
        expect(slopeError(oneEach(ratios), beta)).toBeLessThan(1e-8);
        const { slopes } = plackettLuce(oneEach(ratios), { beta });
        expect(Math.abs(slopes.reduce((sum, x) => sum + x, 0))).toBeLessThan(1e-14);
      }
  });

  it('of two answers is sigmoid', () => {
    for (const [c, r] of [
      [0, 0],
      [1.75, -2],
      [-7, 4],
      [-5000, 5000],
      [5000, -5000],
    ]) {
      const p = { beta: 0.1, labelSmoothing: 0 } as Parameters<typeof sigmoid>[2];
      const [pair, dpo] = [plackettLucePair(c, r, p), sigmoid(c, r, p)];
      for (const key of ['value', 'dChosen', 'dRejected'] as const)
        expect(Math.abs(pair[key] - dpo[key])).toBeLessThanOrEqual(1e-14 * Math.abs(dpo[key]));
    }
    expect(plackettLuce([[-3], [-3]], { beta: 0.1 })).toEqual({ value: Math.LN2, slopes: [-0.05, 0.05] });
  });

  it('draws each answer of a tier among itself and the tiers below', () => {
    const tiers = [[2, -1], [0.5], [3, 1, -2]];
    const beta = 0.4;
    const e = (r: number) => Math.exp(beta * r);
    const last = e(3) + e(1) + e(-2);
    const parts = [e(2) / (e(2) + e(0.5) + last), e(-1) / (e(-1) + e(0.5) + last), e(0.5) / (e(0.5) + last)];
    const { value } = plackettLuce(tiers, { beta });
    expect(value).toBeCloseTo(-Math.log(parts[0] * parts[1] * parts[2]), 12);
    expect(slopeError(tiers, beta)).toBeLessThan(1e-8);
    expect(plackettLuce([[2, -1, 7]], { beta })).toEqual({ value: 0, slopes: [0, 0, 0] });
  });

  it('is finite at log ratios of 5000', () => {
    for (const ratios of permutations([-5000, 0, 5000])) {
      const { value, slopes } = plackettLuce(oneEach(ratios), { beta: 1 });
      expect([value, ...slopes].every(Number.isFinite)).toBe(true);
    }
  });
});
