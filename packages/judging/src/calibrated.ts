import { judgeBy, type Judge, consult } from './judge.js';
import { tokenEvidence, type Verdict } from './verdict.js';

/** What becomes of a judge's verdicts; what is left out leaves them as the judge says. */
export interface Calibration {
  /** What log-odds are divided by, above 0: above 1 for a judge that is too sure of itself. */
  temperature?: number;
  /** A tie where the probability is no farther than this from 1/2; at least 0, below 0.5. */
  tieThreshold?: number;
  /** No verdict where some order's two verdict tokens hold less than this of the probability; 0 to 1. */
  leastMass?: number;
}

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
 * A judge whose probabilities are calibrated, with thresholds for ties and for no verdict. With a temperature the probability is
 * sigmoid(logOdds / temperature) and the winner who has more than half; scores and evidence are as the judge gave them.
 */
export function calibrated<V extends Verdict>(judge: Judge<V>, calibration: Calibration): Judge {
  return judgeBy('calibrated.compare', async (pairs, options) => {
    const verdicts = await consult(judge, pairs, 'calibrated', options);
    return verdicts.map((verdict) => calibratedVerdict(verdict, calibration));
  });
}

/** What becomes of one verdict. */
export function calibratedVerdict(
  verdict: Verdict,
  { temperature, tieThreshold = 0, leastMass = 0 }: Calibration,
): Verdict {
  if (verdict.winner === null) return verdict;
  const orders = tokenEvidence(verdict)?.votes.flatMap((vote) => vote.orders) ?? [];
  if (orders.some(({ pA, pB }) => pA + pB < leastMass))
    return { ...verdict, winner: null, reason: 'low-mass' };
  const probability =
    temperature === undefined ? verdict.probability : 1 / (1 + Math.exp(-logOdds(verdict) / temperature));
  if (Math.abs(probability - 0.5) <= tieThreshold) return { ...verdict, winner: 'tie', probability };
  if (temperature === undefined) return verdict;
  return { ...verdict, winner: probability > 0.5 ? 'a' : 'b', probability };
}
