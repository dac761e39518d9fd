import type { LossType } from '../options/preference.js';

/**
 * Preference losses on summed log-probabilities. With L = log pi - log ref of a whole answer, d = L_chosen - L_rejected
 * and b = beta, per pair:
 *
 *   sigmoid   (1 - e) softplus(-b d) + e softplus(b d)     arXiv 2305.18290; e = label smoothing (cDPO)
 *   hinge     max(0, 1 - b d)                              arXiv 2305.10425 (SLiC), b = 1 / margin
 *   ipo       (d - 1 / (2 b))^2                            arXiv 2310.12036
 */
export interface PairLoss {
  /** The loss of the pair, in nats (ipo: nats squared). */
  value: number;
  /** d value / d L_chosen, which is also d value / d log pi(chosen). */
  dChosen: number;
  dRejected: number;
}

export interface LossParameters {
  /** Above 0. */
  beta: number;
  /** e in [0, 0.5): the share of pairs assumed to be labelled the wrong way round. Only sigmoid reads it. */
  labelSmoothing: number;
}

/** L_chosen and L_rejected are differences of log-probabilities, policy minus reference, in nats. */
export type PreferenceLoss = (chosen: number, rejected: number, p: LossParameters) => PairLoss;

/** log(1 + exp(x)) without overflow; log 2 to the bit at 0. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** All three see the pair through d alone. */
const ofDifference =
  (loss: (d: number, p: LossParameters) => [value: number, slope: number]): PreferenceLoss =>
  (chosen, rejected, p) => {
    const [value, slope] = loss(chosen - rejected, p);
    return { value, dChosen: slope, dRejected: -slope };
  };

export const preferenceLosses: Readonly<Record<LossType, PreferenceLoss>> = {
  sigmoid: ofDifference((d, { beta, labelSmoothing: e }) => [
    (1 - e) * softplus(-beta * d) + e * softplus(beta * d),
    beta * (e * sigmoid(beta * d) - (1 - e) * sigmoid(-beta * d)),
  ]),
  hinge: ofDifference((d, { beta }) => [Math.max(0, 1 - beta * d), beta * d < 1 ? -beta : 0]),
  ipo: ofDifference((d, { beta }) => {
    const excess = d - 1 / (2 * beta);
    return [excess * excess, 2 * excess];
  }),
};
