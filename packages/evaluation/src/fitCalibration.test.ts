import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { fitCalibration } from './fitCalibration.js';
import type { KnownVerdict } from './verdictSummary.js';

/** Pairs whose labels follow sigmoid(d), judged with log-odds temperature x d. */
function pairs(count: number, temperature: number, seed: number, tieWidth = 0): KnownVerdict[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const d = random.normal() * 2;
    const probability = 1 / (1 + Math.exp(-temperature * d));
    const label = random.uniform() < 1 / (1 + Math.exp(-d)) ? 'a' : 'b';
    return {
      verdict: {
        winner: probability > 0.5 ? 'a' : 'b',
        probability,
        scoreA: probability,
        scoreB: 1 - probability,
      },
      label: Math.abs(d) < tieWidth ? 'tie' : label,
    };
  });
}

describe('fitCalibration', () => {
  it.each([0.5, 1, 4])('finds the temperature %d that pairs were made with', (temperature) => {
    const {
      temperature: found,
      before,
      after,
      tieThreshold,
      pairs: n,
    } = fitCalibration(pairs(4000, temperature, 1));
    expect(found.value).toBeGreaterThan(0.9 * temperature);
    expect(found.value).toBeLessThan(1.1 * temperature);
    expect(found.n).toBe(4000);
    expect([n, tieThreshold]).toEqual([4000, 0]);
    // What a judge says of labels that follow it cannot be bettered, whoever fits.
    const [best] = [fitCalibration(pairs(4000, 1, 1)).before];
    expect(after.crossEntropy).toBeCloseTo(best.crossEntropy, 2);
    expect(after.brier).toBeCloseTo(best.brier, 2);
    if (temperature === 4) expect(after.crossEntropy).toBeLessThan(before.crossEntropy - 0.25);
  });

  it('has an interval that holds the truth 95 times in 100', () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { low, high } = fitCalibration(pairs(200, 2, 100 + seed)).temperature;
      held += Number(low <= 2 && 2 <= high);
    }
    expect(held).toBeGreaterThanOrEqual(181);
    expect(held).toBeLessThanOrEqual(199);
  });

  it('gives a finite temperature to a judge that is always right', () => {
    const right = pairs(60, 1, 2).map(({ verdict }): KnownVerdict => ({
      verdict,
      label: verdict.winner as 'a',
    }));
    const { temperature, after } = fitCalibration(right);
    expect(temperature.value).toBeGreaterThan(0.01);
    expect(temperature.value).toBeLessThan(0.5);
    expect(after.crossEntropy).toBeGreaterThan(0);
  });

  it('finds where labels begin to be ties', () => {
    const { tieThreshold, temperature } = fitCalibration(pairs(2000, 2, 3, 0.5));
    const edge = 1 / (1 + Math.exp(-1 / temperature.value)) - 0.5;
    // Beyond the edge a coin is little worse than a tie.
    expect(tieThreshold).toBeLessThan(1.15 * edge);
    expect(tieThreshold).toBeGreaterThan(0.9 * edge);
  });

  it('refuses what has no temperature', () => {
    expect(() => fitCalibration(pairs(49, 1, 4))).toThrow(
      'expected at least 50 labelled pairs with a verdict, received 49',
    );
    const wrong = pairs(200, 1, 5).map(({ verdict, label }): KnownVerdict => ({
      verdict,
      label: label === 'a' ? 'b' : 'a',
    }));
    expect(() => fitCalibration(wrong)).toThrow('a judge that is right more often than a coin');
    const silent = pairs(80, 1, 6).map(({ label }): KnownVerdict => ({
      verdict: { winner: null, probability: NaN, scoreA: NaN, scoreB: NaN },
      label,
    }));
    expect(() => fitCalibration([...silent, ...pairs(20, 1, 7)])).toThrow('received 20');
  });
});
