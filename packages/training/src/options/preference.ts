import { choiceField, choicesField, numberField, numbersField, type OptionsOf } from '@selfjudge/base/fields';
import { LOSS_TYPES } from './lossNames.js';

export const preferenceFields = {
  lossType: choicesField(
    'sigmoid',
    LOSS_TYPES,
    'loss on pairs of answers; several are added. plackett_luce is on rankings, see num_generations',
  ),
  lossWeights: numbersField([], { above: 0 }, 'of the losses of loss_type, in their order; empty for 1 each'),
  /** How strongly the policy is held to the reference; without one the scale of the log-probabilities. */
  beta: numberField(0.1, { above: 0 }, 'how strongly the policy is held to the reference'),
  /** The share of pairs assumed to be labelled the wrong way round (sigmoid: cDPO). */
  labelSmoothing: numberField(
    0,
    { min: 0, below: 0.5 },
    'share of pairs labelled the wrong way: sigmoid, sigmoid_norm, robust, exo_pair, aot, aot_unpaired, simpo, cpo',
  ),
  /** Log-probability of an answer: sum over its tokens, or their mean. */
  logpReduction: choiceField('sum', ['sum', 'mean'], 'log-probability of an answer'),
  discopopTau: numberField(0.05, { above: 0, max: 1 }, 'discopop only: temperature of its mixing'),
  simpoGamma: numberField(0.5, { min: 0 }, 'simpo only: margin between the rewards of both answers'),
  cpoAlpha: numberField(1, { min: 0 }, 'cpo only: weight of the likelihood of chosen answers'),
};
export type PreferenceOptions = OptionsOf<typeof preferenceFields>;

/** Of the loop, what methods on pairs begin with. */
export const preferenceLoop = {
  learningRate: 5e-5,
  lrSchedulerType: 'constant_with_warmup',
  warmupRatio: 0.1,
} as const;
