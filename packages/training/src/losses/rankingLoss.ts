import type { PreferenceOptions } from '../options/preference.js';
import { sigmoid, softplus } from './logistic.js';
import type { PreferenceLoss } from './pairLoss.js';

/** Answers to one prompt from the best tier to the worst; those of one tier are as good as each other. */
export type Tiers<T> = readonly (readonly T[])[];

/** The loss of a ranking, with what it changes by. */
export interface RankingLoss {
  /** In nats. */
  value: number;
  /** d value / d (log ratio) of each answer, in the order of the ranking. */
  slopes: number[];
}

/**
 * DPO over a ranking (arXiv 2305.18290, appendix A.3): minus the log of the Plackett-Luce chance of drawing the answers in
 * this order, each drawn among those that are left by exp(b r), with r its log ratio of policy and reference and b = beta.
 *
 * Which of a tier is drawn first nobody said: each of them is drawn among itself and the tiers below. So one tier alone
 * has a loss of 0, and without ties it is the paper's.
 */
export function plackettLuce(tiers: Tiers<number>, { beta }: Pick<PreferenceOptions, 'beta'>): RankingLoss {
  const z = tiers.map((tier) => tier.map((ratio) => beta * ratio));
  const flat = z.flat();
  const slopes = flat.map(() => 0);
  let value = 0;
  let first = 0;
  for (const tier of z.slice(0, -1)) {
    const next = first + tier.length;
    const below = logSumExp(flat.slice(next));
    for (let i = first; i < next; i++) {
      const behind = below - flat[i];
      value += softplus(behind);
      const slope = beta * sigmoid(behind);
      slopes[i] -= slope;
      for (let j = next; j < flat.length; j++) slopes[j] += slope * Math.exp(flat[j] - below);
    }
    first = next;
  }
  return { value, slopes };
}

/** Of a ranking of two. */
export const plackettLucePair: PreferenceLoss = (chosen, rejected, p) => {
  const { value, slopes } = plackettLuce([[chosen], [rejected]], p);
  return { value, dChosen: slopes[0], dRejected: slopes[1] };
};

function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0));
}
