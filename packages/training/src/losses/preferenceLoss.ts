import { ArgumentError } from '@selfjudge/base';
import type { PreferenceOptions } from '../options/preference.js';
import { lossTerms } from './lossTerms.js';
import { LOSSES } from './lossTable.js';
import type { PairLoss } from './pairLoss.js';

/** An answer as it was scored. */
export interface ScoredAnswer {
  /** Sum of the policy's log-probabilities of its tokens, nats. */
  logp: number;
  /** The reference's, of losses that have one. */
  reference?: number;
  /** Its tokens, at least one. */
  length: number;
}

export interface ScoredPair {
  chosen: ScoredAnswer;
  rejected: ScoredAnswer;
}

/** What the likelihood term needs to know of the whole step. */
export interface StepTotals {
  pairs: number;
  /** Tokens of all chosen answers. */
  chosenTokens: number;
}

/** A pair's part: the loss of the step is the mean of the values over its pairs. */
export interface PairPart extends PairLoss {
  /** Of each loss of the mix, its own value, unweighted. */
  terms: number[];
}

export const totalsOf = (pairs: readonly ScoredPair[]): StepTotals => ({
  pairs: pairs.length,
  chosenTokens: pairs.reduce((sum, { chosen }) => sum + chosen.length, 0),
});

/** Whether the loss can be told only of all pairs of a step together. */
export const isOfStep = (options: Pick<PreferenceOptions, 'lossType' | 'lossWeights'>): boolean =>
  lossTerms(options).some(({ type }) => LOSSES[type].step !== undefined);

/**
 * The loss of `options.lossType` with its exact derivatives by the sums of the policy's log-probabilities.
 *
 * A pair's value and derivatives are those of the mean over pairs times their number.
 * @param pairs of the whole step; of a part of it where no loss needs all (`isOfStep`), with the `totals` of the step
 * @throws ArgumentError where the loss has a reference, and an answer none
 */
export function preferenceLoss(
  pairs: readonly ScoredPair[],
  options: PreferenceOptions,
  totals: StepTotals = totalsOf(pairs),
): PairPart[] {
  const parts = pairs.map((): PairPart => ({ value: 0, dChosen: 0, dRejected: 0, terms: [] }));
  for (const { type, weight } of lossTerms(options)) {
    const { reference, over = options.logpReduction, pair, step, likelihood } = LOSSES[type];
    const scaleOf = ({ length }: ScoredAnswer) => (over === 'mean' ? 1 / length : 1);
    const seen = (answer: ScoredAnswer) =>
      (answer.logp - (reference ? referenceOf(answer) : 0)) * scaleOf(answer);
    const both = (answer: ScoredAnswer) => ({
      policy: answer.logp * scaleOf(answer),
      reference: referenceOf(answer) * scaleOf(answer),
    });
    const ofStep = step?.(
      pairs.map(({ chosen, rejected }) => ({ chosen: both(chosen), rejected: both(rejected) })),
      options,
    );
    // One token's share of the mean over tokens, as a part of a mean over pairs.
    const perToken = likelihood && (likelihood(options) * totals.pairs) / totals.chosenTokens;
    pairs.forEach(({ chosen, rejected }, i) => {
      const own = ofStep?.[i] ?? pair?.(seen(chosen), seen(rejected), options);
      const { value, dChosen, dRejected } = own ?? { value: 0, dChosen: 0, dRejected: 0 };
      const term = perToken === undefined ? value : value - perToken * chosen.logp;
      const part = parts[i];
      part.terms.push(term);
      part.value += weight * term;
      part.dChosen += weight * (dChosen * scaleOf(chosen) - (perToken ?? 0));
      part.dRejected += weight * dRejected * scaleOf(rejected);
    });
  }
  return parts;
}

/** What the reference says of an answer. @throws ArgumentError where it was not asked */
export function referenceOf({ reference }: ScoredAnswer): number {
  if (reference !== undefined) return reference;
  throw new ArgumentError('reference', {
    where: 'preferenceLoss',
    expected: 'a log-probability of each answer by the reference, which the loss is about',
    received: reference,
  });
}
