import { ArgumentError } from '@selfjudge/base';
import { Z, type Estimate } from './estimate.js';
import { sigmoid } from './l1Logistic.js';

/** A judge's log-odds for a, and the label: 1 for a, 0 for b, 0.5 for a tie. */
export interface OddsPoint {
  d: number;
  label: number;
}

/** Labels as Platt's: none is certain after so many pairs. */
const softened = (points: readonly OddsPoint[]): OddsPoint[] =>
  points.map((point) => ({ ...point, label: (point.label * points.length + 1) / (points.length + 2) }));

/** The slope of the cross-entropy in 1 / temperature, which rises with it. */
const slopeAt = (points: readonly OddsPoint[], inverse: number): number =>
  points.reduce((sum, { d, label }) => sum + (sigmoid(inverse * d) - label) * d, 0);

/**
 * 1 / temperature of least cross-entropy, by bisection, for it is convex there.
 * @throws ArgumentError for log-odds that are right less often than a coin
 */
export function inverseTemperature(given: readonly OddsPoint[]): number {
  const points = softened(given);
  if (!(slopeAt(points, 0) < 0))
    throw refusal(
      'a judge that is right more often than a coin, weighed by its log-odds (teach it by jsft, or take another judge template)',
      'one that is not: no temperature makes its probabilities true',
    );
  let [low, high] = [0, 1];
  while (slopeAt(points, high) < 0) [low, high] = [high, 2 * high];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slopeAt(points, middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** With the interval of the sandwich variance (White 1982), on the scale of its logarithm. */
export function temperatureOf(given: readonly OddsPoint[], inverse: number): Estimate {
  let scores = 0;
  let curvature = 0;
  for (const { d, label } of softened(given)) {
    const p = sigmoid(inverse * d);
    scores += ((p - label) * d) ** 2;
    curvature += p * (1 - p) * d * d;
  }
  const factor = Math.exp((Z * Math.sqrt(scores)) / curvature / inverse);
  const value = 1 / inverse;
  return { value, low: value / factor, high: value * factor, n: given.length };
}

export const refusal = (expected: string, received: unknown): ArgumentError =>
  new ArgumentError('known', { where: 'fitCalibration', expected, received });
