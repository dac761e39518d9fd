import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import { calibratedVerdict, logOdds, positionBias } from '@selfjudge/judging/internal';
import type { Estimate } from './estimate.js';
import { pointsOf } from './points.js';
import type { KnownVerdict } from './verdictSummary.js';

/** Fewer labelled pairs say nothing of a temperature: its interval is a factor of two wide. */
export const LEAST_PAIRS = 50;
const FOLDS = 5;
/** Two-sided 95% of the standard normal. */
const Z = 1.959963984540054;

/** How well probabilities tell labels, means over pairs; smaller is better. */
export interface ProbabilityScores {
  /** Cross-entropy, in nats. Saying 1/2 of every pair has log 2. */
  crossEntropy: number;
  /** Squared distance (Brier 1950); saying 1/2 has 0.25. */
  brier: number;
}

export interface FittedCalibration {
  /** What log-odds are divided by (arXiv 1706.04599), with its 95% interval. */
  temperature: Estimate;
  /** The distance from 1/2 up to which a verdict is a tie; 0 where no label is a tie. */
  tieThreshold: number;
  /** Labelled pairs with a verdict. */
  pairs: number;
  /** Of the judge's own probabilities. */
  before: ProbabilityScores;
  /** Of each fifth of the pairs, calibrated by the temperature of the others. */
  after: ProbabilityScores;
  /** Mean log-odds for the answer shown first, whatever it is; 0 without position bias. Absent of judges without orders. */
  firstLogOdds?: number;
}

/** A pair: the judge's log-odds for a, its own probability, and the label as a number. */
interface Point {
  d: number;
  probability: number;
  label: number;
}

/**
 * The temperature of a judge by labelled pairs that it was not trained on: the one of least cross-entropy, labels softened as
 * in Platt (1999); and, where labels hold ties, the threshold for ties that is right most often, the smallest of equals.
 *
 * @throws ArgumentError for fewer than 50 pairs, and for a judge that is right less often than a coin
 */
export function fitCalibration(known: readonly KnownVerdict[]): FittedCalibration {
  const labelled = known.filter(({ verdict, label }) => label !== undefined && verdict.winner !== null);
  const points = labelled.map(({ verdict, label }): Point => ({
    d: logOdds(verdict),
    probability: verdict.probability,
    label: label === 'tie' ? 0.5 : Number(label === 'a'),
  }));
  if (points.length < LEAST_PAIRS)
    throw refusal(`at least ${LEAST_PAIRS} labelled pairs with a verdict`, points.length);
  const inverse = inverseTemperature(points);
  const folds = Array.from({ length: FOLDS }, (_, fold) =>
    inverseTemperature(points.filter((_, i) => i % FOLDS !== fold)),
  );
  const biases = labelled.flatMap(({ verdict }) => positionBias(verdict) ?? []);
  return {
    temperature: temperatureOf(points, inverse),
    tieThreshold: tieThreshold(labelled, 1 / inverse),
    pairs: points.length,
    before: scoresOf(points, ({ probability }) => probability),
    after: scoresOf(points, ({ d }, i) => sigmoid(folds[i % FOLDS] * d)),
    ...(biases.length > 0 && { firstLogOdds: mean(biases) }),
  };
}

const refusal = (expected: string, received: unknown): ArgumentError =>
  new ArgumentError('known', { where: 'fitCalibration', expected, received });

/** Labels as Platt's: none is certain after so many pairs. */
const softened = (points: readonly Point[]): Point[] =>
  points.map((point) => ({ ...point, label: (point.label * points.length + 1) / (points.length + 2) }));

/** The slope of the cross-entropy in 1 / temperature, which rises with it. */
const slopeAt = (points: readonly Point[], inverse: number): number =>
  points.reduce((sum, { d, label }) => sum + (sigmoid(inverse * d) - label) * d, 0);

function inverseTemperature(given: readonly Point[]): number {
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
function temperatureOf(given: readonly Point[], inverse: number): Estimate {
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

/** Of thresholds the smallest with the most points, by how near to 1/2 the verdicts stand. */
function tieThreshold(labelled: readonly KnownVerdict[], temperature: number): number {
  if (!labelled.some(({ label }) => label === 'tie')) return 0;
  const gains = labelled.map(({ verdict, label }) => {
    const { winner, probability } = calibratedVerdict(verdict, { temperature });
    return {
      distance: Math.abs(probability - 0.5),
      gain: pointsOf('tie', label!) - pointsOf(winner!, label!),
    };
  });
  gains.sort((a, b) => a.distance - b.distance);
  let [best, threshold, sum] = [0, 0, 0];
  gains.forEach(({ distance, gain }, i) => {
    sum += gain;
    const isLast = gains[i + 1]?.distance !== distance;
    if (isLast && sum > best && distance < 0.5) [best, threshold] = [sum, distance];
  });
  return threshold;
}

/** Of a probability that a judge says without a doubt, as `logOdds` bounds it. */
const LEAST = Math.exp(-100);

function scoresOf(
  points: readonly Point[],
  probabilityOf: (point: Point, i: number) => number,
): ProbabilityScores {
  const told = points.map((point, i) => ({ label: point.label, p: probabilityOf(point, i) }));
  const nats = (p: number) => -Math.log(Math.max(p, LEAST));
  return {
    crossEntropy: mean(told.map(({ label, p }) => label * nats(p) + (1 - label) * nats(1 - p))),
    brier: mean(told.map(({ label, p }) => (p - label) ** 2)),
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
