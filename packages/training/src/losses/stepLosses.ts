import { sigmoid } from './differenceLosses.js';
import type { LossParameters, PairLoss } from './pairLoss.js';

/** What a loss over a whole step sees of an answer: log-probabilities by policy and by reference, sums or means. */
export interface BothScores {
  policy: number;
  reference: number;
}

/** A loss that needs all pairs of an optimizer step at once. */
export type StepLoss = (
  pairs: readonly { chosen: BothScores; rejected: BothScores }[],
  p: LossParameters,
) => PairLoss[];

/** Indices by rising value; those of equal ones by place. */
const ranked = (values: readonly number[]): number[] =>
  Array.from(values.keys()).sort((a, b) => values[a] - values[b]);

/**
 * AOT (arXiv 2406.05882, paired): the differences chosen - rejected of the policy, sorted, each against the reference's of
 * the same rank: the policy's distribution of them is to lie above the reference's. A pair's value is that of its rank.
 */
export const aot: StepLoss = (pairs, p) => {
  const differences = (by: keyof BothScores) =>
    pairs.map(({ chosen, rejected }) => chosen[by] - rejected[by]);
  const [policy, reference] = [differences('policy'), differences('reference')];
  const referenceAt = ranked(reference);
  const losses: PairLoss[] = [];
  ranked(policy).forEach((pair, rank) => {
    losses[pair] = sigmoid(policy[pair], reference[referenceAt[rank]], p);
  });
  return losses;
};

/**
 * AOT without pairs: the log ratios of chosen answers, sorted, each against that of the rejected ones of its rank. A pair's
 * value is that of its chosen answer's rank.
 */
export const aotUnpaired: StepLoss = (pairs, p) => {
  const ratios = (side: 'chosen' | 'rejected') =>
    pairs.map((pair) => pair[side].policy - pair[side].reference);
  const [chosen, rejected] = [ratios('chosen'), ratios('rejected')];
  const rejectedAt = ranked(rejected);
  const losses = pairs.map((): PairLoss => ({ value: 0, dChosen: 0, dRejected: 0 }));
  ranked(chosen).forEach((pair, rank) => {
    const other = rejectedAt[rank];
    const { value, dChosen, dRejected } = sigmoid(chosen[pair], rejected[other], p);
    losses[pair].value = value;
    losses[pair].dChosen = dChosen;
    losses[other].dRejected = dRejected;
  });
  return losses;
};
