import { judgeBy, type Judge, consult } from './judge.js';
import { tokenEvidence, type Verdict } from './verdict.js';

/** What becomes of a judge's verdicts; what is left out leaves them as the judge says. */
export interface Calibration {
  /** What log-odds are divided by, above 0: above 1 for a judge that is too sure of itself. */
  temperature?: number;
  /**
   * Nats of log-odds by which the judge favours an answer e times as long as the other: they are taken off before the temperature, so that the
   * verdict is that on answers of equal length.
   */
  lengthCoefficient?: number;
  /** A tie where the probability is no farther than this from 1/2; at least 0, below 0.5. */
  tieThreshold?: number;
  /** No verdict where some order's two verdict tokens hold less than this of the probability; 0 to 1. */
  leastMass?: number;
}

/** Of two answers, in characters: a judge elsewhere has no tokens that we know, and what is shown to people is text. */
export type Lengths = readonly [a: number, b: number];

/** ln of the ratio of lengths; each counts one more than it has, so that an empty answer has a ratio too. */
export const logLengthRatio = ([a, b]: Lengths): number => Math.log((a + 1) / (b + 1));

/** Log-odds farther from 0 are those of a probability that the judge could not write down. */
const LIMIT = 100;

/**
 * The log-odds that answer a is better, in nats from -100 to 100, without position bias: of a token judge half the difference of its
 * log-odds for the answer shown first in both orders, a mean over questions, for what both orders have in common says
 * nothing of the answers; of others those of their probability. NaN where there is no verdict.
 */
export function logOdds(verdict: Verdict): number {
  if (verdict.winner === null) return NaN;
  const votes = tokenEvidence(verdict)?.votes ?? [];
  if (votes.length === 0) return bounded(Math.log(verdict.probability / (1 - verdict.probability)));
  const differences = votes.map(({ orders: [ab, ba] }) => (forFirst(ab) - forFirst(ba)) / 2);
  return differences.reduce((sum, one) => sum + one, 0) / differences.length;
}

/**
 * The log-odds for the answer shown first that both orders of a token judge's verdict have in common, in nats, a mean over questions: its
 * position bias on this pair. undefined of other judges, and where there is no verdict.
 */
export function positionBias(verdict: Verdict): number | undefined {
  const votes = verdict.winner === null ? [] : (tokenEvidence(verdict)?.votes ?? []);
  if (votes.length === 0) return undefined;
  const means = votes.map(({ orders: [ab, ba] }) => (forFirst(ab) + forFirst(ba)) / 2);
  return means.reduce((sum, one) => sum + one, 0) / means.length;
}

const bounded = (value: number): number => Math.min(LIMIT, Math.max(-LIMIT, value));
const forFirst = ({ pA, pB }: { pA: number; pB: number }): number => bounded(Math.log(pA / pB));

/**
 * A judge whose probabilities are calibrated, with thresholds for ties and for no verdict. With a temperature or a length coefficient c the
 * probability is sigmoid((logOdds - c x logLengthRatio) / temperature) and the winner who has more than half; scores and evidence are as the judge gave them.
 */
export function calibrated<V extends Verdict>(judge: Judge<V>, calibration: Calibration): Judge {
  return judgeBy('calibrated.compare', async (pairs, options) => {
    const verdicts = await consult(judge, pairs, 'calibrated', options);
    return verdicts.map((verdict, i) =>
      calibratedVerdict(verdict, calibration, [pairs[i].a.length, pairs[i].b.length]),
    );
  });
}

/** What becomes of one verdict. */
export function calibratedVerdict(
  verdict: Verdict,
  { temperature, lengthCoefficient, tieThreshold = 0, leastMass = 0 }: Calibration,
  lengths: Lengths,
): Verdict {
  if (verdict.winner === null) return verdict;
  const orders = tokenEvidence(verdict)?.votes.flatMap((vote) => vote.orders) ?? [];
  if (orders.some(({ pA, pB }) => pA + pB < leastMass))
    return { ...verdict, winner: null, reason: 'low-mass' };
  const isAsSaid = temperature === undefined && lengthCoefficient === undefined;
  const probability = isAsSaid
    ? verdict.probability
    : 1 / (1 + Math.exp(-atEqualLengths(verdict, lengthCoefficient, lengths) / (temperature ?? 1)));
  const isTie = Math.abs(probability - 0.5) <= tieThreshold;
  if (isAsSaid) return isTie ? { ...verdict, winner: 'tie' } : verdict;
  const winner = isTie ? 'tie' : probability > 0.5 ? 'a' : 'b';
  return { ...verdict, winner, probability, isCalibrated: true };
}

const atEqualLengths = (verdict: Verdict, coefficient = 0, lengths: Lengths): number =>
  logOdds(verdict) - coefficient * logLengthRatio(lengths);
