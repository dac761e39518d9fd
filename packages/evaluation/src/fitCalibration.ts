import { mean } from '@selfjudge/base/internal';
import {
  calibratedVerdict,
  logLengthRatio,
  logOdds,
  positionBias,
  type Calibration,
  type Lengths,
} from '@selfjudge/judging/internal';
import type { Estimate } from './estimate.js';
import { sigmoid } from './l1Logistic.js';
import { lengthCoefficient, lengthScores, type LengthScores } from './lengthCoefficient.js';
import { pointsOf } from './points.js';
import { inverseTemperature, refusal, temperatureOf } from './temperature.js';
import type { KnownVerdict } from './verdictSummary.js';

/** Fewer labelled pairs say nothing of a temperature: its interval is a factor of two wide. */
export const LEAST_PAIRS = 50;
const FOLDS = 5;

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
  /** Of each fifth of the pairs, calibrated by what the others say. */
  after: ProbabilityScores;
  /** Mean log-odds for the answer shown first, whatever it is; 0 without position bias. Absent of judges without orders. */
  firstLogOdds?: number;
  /** What length has to do with the judge's log-odds, where that was asked for. */
  length?: FittedLength;
}

/** How much a judge goes by length, and what becomes of it without. */
export interface FittedLength {
  /** Nats by which the judge's log-odds rise for an answer e times as long, the label being equal; with its 95% interval. */
  coefficient: Estimate;
  /** Who wins by the judge's log-odds, and at equal lengths, each fifth of the pairs by the coefficient of the others. */
  before: LengthScores;
  after: LengthScores;
}

/** A labelled verdict and what is known of its pair. */
export interface CalibrationPair extends KnownVerdict {
  /** Of both answers, in characters. */
  lengths: Lengths;
}

/** A pair: the judge's log-odds for a, how long a is beside b, the judge's own probability, and the label as a number. */
interface Point {
  d: number;
  x: number;
  probability: number;
  label: number;
}

/** What was fitted on some pairs. */
interface Fit {
  coefficient: number;
  inverse: number;
}

/**
 * The temperature of a judge by labelled pairs that it was not trained on: the one of least cross-entropy, labels softened as
 * in Platt (1999); and, where labels hold ties, the threshold for ties that is right most often, the smallest of equals.
 *
 * With `byLength` first what length has to do with the judge's log-odds, which is taken off: the verdict is then that on answers of equal length, as in
 * AlpacaEval 2 (arXiv 2404.04475). The interval of the temperature takes the coefficient for known.
 *
 * @throws ArgumentError for fewer than 50 pairs, for a judge that is right less often than a coin (at equal lengths, with `byLength`), and for
 *   pairs that do not tell length from label
 */
export function fitCalibration(
  known: readonly CalibrationPair[],
  { byLength = false }: { byLength?: boolean } = {},
): FittedCalibration {
  const labelled = known.filter(({ verdict, label }) => label !== undefined && verdict.winner !== null);
  const points = labelled.map(({ verdict, label, lengths }): Point => ({
    d: logOdds(verdict),
    x: logLengthRatio(lengths),
    probability: verdict.probability,
    label: label === 'tie' ? 0.5 : Number(label === 'a'),
  }));
  if (points.length < LEAST_PAIRS)
    throw refusal(`at least ${LEAST_PAIRS} labelled pairs with a verdict`, points.length);
  const ofLength = byLength ? lengthCoefficient(points) : undefined;
  const { coefficient, inverse } = fitOn(points, byLength);
  const folds = Array.from({ length: FOLDS }, (_, fold) =>
    fitOn(
      points.filter((_, i) => i % FOLDS !== fold),
      byLength,
    ),
  );
  const ofOthers = ({ d, x }: Point, i: number) =>
    folds[i % FOLDS].inverse * (d - folds[i % FOLDS].coefficient * x);
  const biases = labelled.flatMap(({ verdict }) => positionBias(verdict) ?? []);
  return {
    temperature: temperatureOf(without(points, coefficient), inverse),
    tieThreshold: tieThreshold(labelled, {
      temperature: 1 / inverse,
      ...(byLength && { lengthCoefficient: coefficient }),
    }),
    pairs: points.length,
    before: scoresOf(points, ({ probability }) => probability),
    after: scoresOf(points, (point, i) => sigmoid(ofOthers(point, i))),
    ...(biases.length > 0 && { firstLogOdds: mean(biases) }),
    ...(ofLength !== undefined && {
      length: {
        coefficient: ofLength,
        before: lengthScores(labelled, ({ d }) => d, points),
        after: lengthScores(labelled, ofOthers, points),
      },
    }),
  };
}

/** The pairs at equal lengths. */
const without = (points: readonly Point[], coefficient: number): Point[] =>
  coefficient === 0 ? [...points] : points.map((point) => ({ ...point, d: point.d - coefficient * point.x }));

function fitOn(points: readonly Point[], byLength: boolean): Fit {
  const coefficient = byLength ? lengthCoefficient(points).value : 0;
  return { coefficient, inverse: inverseTemperature(without(points, coefficient)) };
}

/** Of thresholds the smallest with the most points, by how near to 1/2 the verdicts stand. */
function tieThreshold(labelled: readonly CalibrationPair[], rules: Calibration): number {
  if (!labelled.some(({ label }) => label === 'tie')) return 0;
  const gains = labelled.map(({ verdict, label, lengths }) => {
    const { winner, probability } = calibratedVerdict(verdict, rules, lengths);
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
