import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { fitCalibration, type CalibrationPair } from './fitCalibration.js';

/** Pairs whose labels follow sigmoid(d), judged with log-odds temperature x d. */
function pairs(count: number, temperature: number, seed: number, tieWidth = 0): CalibrationPair[] {
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
      lengths: [10, 10],
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
    const right = pairs(60, 1, 2).map(({ verdict, lengths }): CalibrationPair => ({
      verdict,
      label: verdict.winner as 'a',
      lengths,
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
    const wrong = pairs(200, 1, 5).map(({ verdict, label, lengths }): CalibrationPair => ({
      verdict,
      lengths,
      label: label === 'a' ? 'b' : 'a',
    }));
    expect(() => fitCalibration(wrong)).toThrow('a judge that is right more often than a coin');
    const silent = pairs(80, 1, 6).map(({ label, lengths }): CalibrationPair => ({
      verdict: { winner: null, probability: NaN, scoreA: NaN, scoreB: NaN },
      lengths,
      label,
    }));
    expect(() => fitCalibration([...silent, ...pairs(20, 1, 7)])).toThrow('received 20');
  });
});

describe('fitCalibration by length', () => {
  /** Pairs judged by taste, which the label follows, and by length: by `coefficient` nats for an answer e times as long. */
  function byLength(count: number, coefficient: number, seed: number): CalibrationPair[] {
    const random = new Random(seed);
    return Array.from({ length: count }, () => {
      const lengths = [1, 2].map(() => Math.round(Math.exp(5 + random.normal()))) as [number, number];
      const isA = random.uniform() < 0.5;
      const d =
        (isA ? 1 : -1) + 0.5 * random.normal() + coefficient * Math.log((lengths[0] + 1) / (lengths[1] + 1));
      const probability = 1 / (1 + Math.exp(-d));
      const [winner, scoreA, scoreB] = [
        d > 0 ? ('a' as const) : ('b' as const),
        probability,
        1 - probability,
      ];
      return { verdict: { winner, probability, scoreA, scoreB }, label: isA ? 'a' : 'b', lengths };
    });
  }
  const turned = ({ verdict: { winner, probability, scoreA, scoreB }, label, lengths }: CalibrationPair) => ({
    verdict: {
      winner: winner === 'a' ? ('b' as const) : ('a' as const),
      probability: 1 - probability,
      scoreA: scoreB,
      scoreB: scoreA,
    },
    label: label === 'a' ? ('b' as const) : ('a' as const),
    lengths: [lengths[1], lengths[0]] as const,
  });

  it.each([0, 1, -0.5])('finds the coefficient %d, and what the judge is worth without it', (coefficient) => {
    const made = byLength(2000, coefficient, 1);
    const { length, after } = fitCalibration(made, { byLength: true });
    const { coefficient: found, before, after: equal } = length!;
    expect(found.low).toBeLessThan(coefficient);
    expect(found.high).toBeGreaterThan(coefficient);
    expect(found.high - found.low).toBeLessThan(0.1);
    // 1 + 0.5 z is above 0 for 97.7%, whichever side is longer.
    for (const rate of [equal.accuracy, equal.longerBetter, equal.shorterBetter])
      expect(Math.abs(rate.value - 0.977)).toBeLessThan(0.02);
    if (coefficient === 1) {
      expect(before.longerBetter.value - before.shorterBetter.value).toBeGreaterThan(0.2);
      expect(after.crossEntropy).toBeLessThan(fitCalibration(made).after.crossEntropy - 0.1);
    }
  });

  it('does not depend on which answer is a', () => {
    const made = byLength(300, 1, 2);
    const [one, other] = [made, made.map(turned)].map((pairs) => fitCalibration(pairs, { byLength: true }));
    expect(other.length!.coefficient.value).toBeCloseTo(one.length!.coefficient.value, 10);
    expect(other.temperature.value).toBeCloseTo(one.temperature.value, 10);
  });

  it('has an interval that holds the truth 95 times in 100', () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { low, high } = fitCalibration(byLength(120, 0.7, 100 + seed), { byLength: true }).length!
        .coefficient;
      held += Number(low <= 0.7 && 0.7 <= high);
    }
    expect(held).toBeGreaterThanOrEqual(181);
    expect(held).toBeLessThanOrEqual(199);
  });

  it('refuses pairs that do not tell length from label', () => {
    const told = byLength(100, 1, 3);
    const equal = told.map((pair): CalibrationPair => ({ ...pair, lengths: [5, 5] }));
    const collinear = told.map((pair): CalibrationPair => ({
      ...pair,
      lengths: pair.label === 'a' ? [9, 4] : [4, 9],
    }));
    for (const pairs of [equal, collinear])
      expect(() => fitCalibration(pairs, { byLength: true })).toThrow('do not tell length from label');
    expect(fitCalibration(equal).length).toBeUndefined();
  });
});
