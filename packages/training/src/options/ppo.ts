import {
  choiceField,
  flagField,
  numberField,
  wholeField,
  type OptionFault,
  type OptionsOf,
} from '@selfjudge/base/fields';

/** What a step makes of scores and log-probabilities; TRL's names and defaults, but for the adaptive coefficient. */
export const ppoRewardFields = {
  klCoef: numberField(
    0.05,
    { min: 0 },
    'of the KL to the start in the reward; where it begins if kl_target is above 0',
  ),
  /** Per token, with log r = log ref - log pi: k1 is -log r, k3 is r - 1 - log r (http://joschu.net/blog/kl-approx.html). */
  klEstimator: choiceField(
    'k1',
    ['k1', 'k3'],
    'of the KL at a token: -log r, or r - 1 - log r, r = start / policy',
  ),
  whitenRewards: flagField(false, 'rewards of a step are scaled to a variance of 1, their mean kept'),
  gamma: numberField(1, { min: 0, max: 1 }, 'discount of later rewards'),
  lam: numberField(0.95, { min: 0, max: 1 }, 'lambda of generalized advantage estimation'),
};
export type PpoRewardOptions = OptionsOf<typeof ppoRewardFields>;

export const ppoLossFields = {
  cliprange: numberField(
    0.2,
    { above: 0 },
    'how far the ratio to the policy that sampled may move and still be rewarded',
  ),
  cliprangeValue: numberField(
    0.2,
    { above: 0 },
    'how far a value may move from what it was when the step began',
  ),
  vfCoef: numberField(0.1, { above: 0 }, 'of the value loss'),
};
export type PpoLossOptions = OptionsOf<typeof ppoLossFields>;

export const ppoFields = {
  ...ppoRewardFields,
  ...ppoLossFields,
  /** Nats an answer; arXiv 1909.08593, section 2.2. */
  klTarget: numberField(
    0,
    { min: 0 },
    'nats an answer that kl_coef is steered to after every step; 0 keeps it fixed',
  ),
  klHorizon: wholeField(
    10_000,
    1,
    'answers in which the steered kl_coef can change by a fifth; at least a step',
  ),
  numPpoEpochs: wholeField(4, 1, 'passes over the answers of a step'),
  numMiniBatches: wholeField(1, 1, 'updates a pass; train_batch_size is a multiple of it'),
  missingEosPenalty: numberField(0, { min: 0 }, 'taken off the score of an answer cut before its end'),
};

/** What of the options cannot be: mini-batches of unequal size, and a coefficient that steering could make negative. */
export function ppoFaults(options: {
  trainBatchSize: number;
  numMiniBatches: number;
  klTarget: number;
  klHorizon: number;
}): OptionFault[] {
  const { trainBatchSize, numMiniBatches, klTarget, klHorizon } = options;
  const faults: OptionFault[] = [];
  if (trainBatchSize % numMiniBatches !== 0)
    faults.push({
      key: 'numMiniBatches',
      expected: `a divisor of train_batch_size, ${trainBatchSize}`,
      received: numMiniBatches,
    });
  if (klTarget > 0 && klHorizon < trainBatchSize)
    faults.push({
      key: 'klHorizon',
      expected: `at least train_batch_size, ${trainBatchSize}, or one step could turn the coefficient negative`,
      received: klHorizon,
    });
  return faults;
}
