import { describe, expect, it } from 'vitest';
import { bradleyTerry } from './bradleyTerry.js';

const plain = { margin: 0, centerRewardsCoefficient: 0 };

describe('bradleyTerry', () => {
  it('is log 2 to the bit where both rewards are the same', () => {
    for (const reward of [0, 3.25, -700]) expect(bradleyTerry(reward, reward, plain).value).toBe(Math.LN2);
  });

  it('is what was written down, in float64', () => {
    for (const [c, r, margin, k] of [
      [1, -1, 0, 0],
      [0.3, 0.7, 0.5, 0.01],
      [-4, 2.5, -1, 0.1],
    ]) {
      const written = -Math.log(1 / (1 + Math.exp(-(c - r - margin)))) + k * (c + r) ** 2;
      const loss = bradleyTerry(c, r, { margin, centerRewardsCoefficient: k });
      expect(loss.value).toBeCloseTo(written, 14);
    }
  });

  it('has the derivatives of central differences', () => {
    const h = 1e-5;
    for (const margin of [0, 0.7])
      for (const centerRewardsCoefficient of [0, 0.01, 1])
        for (const [c, r] of [
          [0, 0],
          [1.5, -2],
          [-7, 4],
          [12, 12.5],
        ]) {
          const p = { margin, centerRewardsCoefficient };
          const { dChosen, dRejected } = bradleyTerry(c, r, p);
          const slope = (dc: number, dr: number) =>
            (bradleyTerry(c + dc, r + dr, p).value - bradleyTerry(c - dc, r - dr, p).value) / (2 * h);
          expect(dChosen).toBeCloseTo(slope(h, 0), 6);
          expect(dRejected).toBeCloseTo(slope(0, h), 6);
        }
  });

  it('neither overflows nor loses the tail', () => {
    expect(bradleyTerry(-5000, 0, plain)).toEqual({ value: 5000, dChosen: -1, dRejected: 1 });
    expect(bradleyTerry(5000, 0, plain).value).toBe(0);
    expect(bradleyTerry(40, 0, plain).value).toBeCloseTo(Math.exp(-40), 30);
  });
});
