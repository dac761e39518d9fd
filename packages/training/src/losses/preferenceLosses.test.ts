import { describe, expect, it } from 'vitest';
import { preferenceLosses } from './preferenceLosses.js';
import type { LossType } from '../options/preference.js';

const names = Object.keys(preferenceLosses) as LossType[];

describe('preference losses', () => {
  it('sigmoid is log 2 to the bit where policy and reference agree', () => {
    for (const beta of [0.01, 0.1, 1]) {
      expect(preferenceLosses.sigmoid(0, 0, { beta, labelSmoothing: 0 }).value).toBe(Math.LN2);
      expect(preferenceLosses.sigmoid(-3.25, -3.25, { beta, labelSmoothing: 0 }).value).toBe(Math.LN2);
    }
  });

  it.each(names)('%s: derivatives agree with central differences', (name) => {
    const loss = preferenceLosses[name];
    const h = 1e-5;
    for (const labelSmoothing of [0, 0.1])
      for (const beta of [0.05, 0.1, 0.5])
        for (const [c, r] of [
          [0, 0],
          [1.5, -2],
          [-7, 4],
          [30, -45.5],
        ]) {
          const p = { beta, labelSmoothing };
          const { dChosen, dRejected } = loss(c, r, p);
          const byChosen = (loss(c + h, r, p).value - loss(c - h, r, p).value) / (2 * h);
          const byRejected = (loss(c, r + h, p).value - loss(c, r - h, p).value) / (2 * h);
          expect(dChosen).toBeCloseTo(byChosen, 6);
          expect(dRejected).toBeCloseTo(byRejected, 6);
        }
  });

  it('sigmoid neither overflows nor loses the tail', () => {
    const p = { beta: 1, labelSmoothing: 0 };
    expect(preferenceLosses.sigmoid(-5000, 0, p).value).toBe(5000);
    expect(preferenceLosses.sigmoid(5000, 0, p).value).toBe(0);
    expect(preferenceLosses.sigmoid(40, 0, p).value).toBeCloseTo(Math.exp(-40), 30);
  });

  it('hinge is flat beyond its margin, ipo is least at 1 / (2 beta)', () => {
    expect(preferenceLosses.hinge(11, 0, { beta: 0.1, labelSmoothing: 0 })).toEqual({
      value: 0,
      dChosen: 0,
      dRejected: -0,
    });
    const least = preferenceLosses.ipo(5, 0, { beta: 0.1, labelSmoothing: 0 });
    expect(least.value).toBeCloseTo(0, 20);
  });
});
