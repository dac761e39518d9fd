import type { Means } from '../metrics/means.js';
import type { PreferenceOptions } from '../options/preference.js';
import { LOSSES } from './lossTable.js';
import { lossTerms, needsReference } from './lossTerms.js';
import type { PairPart, ScoredAnswer, ScoredPair } from './preferenceLoss.js';

/**
 * What a step says of its pairs, by TRL's names. Rewards are beta times the log ratio, summed or averaged as
 * `logpReduction` says; of losses without a reference beta times the log-probability that the loss sees, as TRL's CPO has
 * them; of the likelihood alone there are none.
 */
export function addPreferenceMetrics(
  means: Means,
  pairs: readonly ScoredPair[],
  parts: readonly PairPart[],
  options: PreferenceOptions,
): void {
  const terms = lossTerms(options);
  for (const part of parts) {
    means.add('loss', part.value);
    if (terms.length > 1) terms.forEach(({ type }, t) => means.add(`loss/${type}`, part.terms[t]));
  }
  addRewardMetrics(means, pairs, options);
}

/** The same without the loss: rewards where there are some, and log-probabilities. */
export function addRewardMetrics(
  means: Means,
  pairs: readonly ScoredPair[],
  options: PreferenceOptions,
): void {
  const rewardOf = rewards(options);
  for (const { chosen, rejected } of pairs) {
    if (rewardOf !== undefined) {
      const [c, r] = [rewardOf(chosen), rewardOf(rejected)];
      means.add('rewards/chosen', options.beta * c);
      means.add('rewards/rejected', options.beta * r);
      means.add('rewards/accuracies', c > r ? 1 : 0);
      means.add('rewards/margins', options.beta * (c - r));
    }
    means.add('logps/chosen', chosen.logp);
    means.add('logps/rejected', rejected.logp);
  }
}

/** Whether there are rewards to compare: of the likelihood alone there are none. */
export const hasRewards = (options: Pick<PreferenceOptions, 'lossType' | 'lossWeights'>): boolean =>
  preferring(options) !== undefined;

const preferring = (options: Pick<PreferenceOptions, 'lossType' | 'lossWeights'>) =>
  lossTerms(options).find(({ type }) => LOSSES[type].pair ?? LOSSES[type].step);

/** An answer's reward in units of beta. */
function rewards(options: PreferenceOptions): ((answer: ScoredAnswer) => number) | undefined {
  const term = preferring(options);
  if (term === undefined) return undefined;
  const against = needsReference(options);
  const over = (against ? undefined : LOSSES[term.type].over) ?? options.logpReduction;
  return ({ logp, reference = 0, length }) =>
    (logp - (against ? reference : 0)) * (over === 'mean' ? 1 / length : 1);
}
