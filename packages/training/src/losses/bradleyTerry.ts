import { sigmoid, softplus } from './logistic.js';
import type { PairLoss } from './pairLoss.js';

export interface BradleyTerryParameters {
  /** By how much the better answer's reward is to be larger. */
  margin: number;
  /** How strongly the rewards of a pair are drawn to a mean of 0; 0 for not at all. */
  centerRewardsCoefficient: number;
}

/**
 * The loss of two rewards, c of the better answer and r of the other: -log sigmoid(c - r - margin), the negative
 * log-likelihood of the preference under Bradley and Terry's model ("Rank analysis of incomplete block designs", 1952), in
 * nats; and, to fix what the model leaves free, k (c + r)^2 (arXiv 2312.09244, equation 2).
 *
 * @returns the loss with its derivatives by c and by r
 */
export function bradleyTerry(
  chosen: number,
  rejected: number,
  { margin, centerRewardsCoefficient: k }: BradleyTerryParameters,
): PairLoss {
  const shortfall = margin - (chosen - rejected);
  const sum = chosen + rejected;
  const slope = sigmoid(shortfall);
  return {
    value: softplus(shortfall) + k * sum * sum,
    dChosen: 2 * k * sum - slope,
    dRejected: 2 * k * sum + slope,
  };
}
