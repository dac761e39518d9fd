import { choiceField, numberField, type OptionsOf } from '@selfjudge/base/fields';

export const preferenceFields = {
  lossType: choiceField('sigmoid', ['sigmoid', 'hinge', 'ipo'], 'loss on pairs of answers'),
  /** How strongly the policy is held to the reference. */
  beta: numberField(0.1, { above: 0 }, 'how strongly the policy is held to the reference'),
  /** sigmoid only (cDPO): the share of pairs assumed to be labelled the wrong way round. */
  labelSmoothing: numberField(0, { min: 0, below: 0.5 }, 'sigmoid only'),
  /** Log-probability of an answer: sum over its tokens, or their mean. */
  logpReduction: choiceField('sum', ['sum', 'mean'], 'log-probability of an answer'),
};
export type PreferenceOptions = OptionsOf<typeof preferenceFields>;
export type LossType = PreferenceOptions['lossType'];

/** Of the loop, what methods on pairs begin with. */
export const preferenceLoop = {
  learningRate: 5e-5,
  lrSchedulerType: 'constant_with_warmup',
  warmupRatio: 0.1,
} as const;
