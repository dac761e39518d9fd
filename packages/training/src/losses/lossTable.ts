import * as d from './differenceLosses.js';
import type { LossOption, LossType } from '../options/lossNames.js';
import type { LossParameters, PreferenceLoss } from './pairLoss.js';
import { plackettLucePair } from './rankingLoss.js';
import * as side from './sideLosses.js';
import * as step from './stepLosses.js';

/** What a loss is made of. */
interface LossParts {
  /** The options it reads. */
  reads: readonly LossOption[];
  /** Whether it is about log ratios of policy and reference; else about the policy's log-probabilities. */
  reference: boolean;
  /** Sums over an answer's tokens or their mean; absent: as `logpReduction` says. */
  over?: 'sum' | 'mean';
  /** Of one pair. */
  pair?: PreferenceLoss;
  /** Of all pairs of the step together. */
  step?: step.StepLoss;
  /** Weight of the mean cross-entropy of the chosen answers' tokens in it, over the whole step. */
  likelihood?: (p: LossParameters) => number;
}

const ofRatio = (pair: PreferenceLoss, ...reads: LossOption[]): LossParts => ({
  reads: ['beta', 'logpReduction', ...reads],
  reference: true,
  pair,
});
const ofStep = (loss: step.StepLoss): LossParts => ({
  reads: ['beta', 'logpReduction', 'labelSmoothing'],
  reference: true,
  step: loss,
});
const one = () => 1;

/**
 * Every loss on pairs by TRL's name: which options it reads, whether it has a reference, and what it is made of.
 *
 * sigmoid_norm is sigmoid on means. cpo (arXiv 2401.08417) is sigmoid without a reference plus `cpoAlpha` times the
 * likelihood term, orpo its odds-ratio term plus one: over the tokens of chosen answers, where TRL's ORPO takes those of
 * their prompts too. plackett_luce is of rankings (`rankingLoss`), of which a pair is one of two: then it is sigmoid.
 */
export const LOSSES: Readonly<Record<LossType, LossParts>> = {
  sigmoid: ofRatio(d.sigmoid, 'labelSmoothing'),
  hinge: ofRatio(d.hinge),
  ipo: ofRatio(d.ipo),
  robust: ofRatio(d.robust, 'labelSmoothing'),
  exo_pair: ofRatio(d.exoPair, 'labelSmoothing'),
  nca_pair: ofRatio(side.ncaPair),
  bco_pair: ofRatio(side.bcoPair),
  sppo_hard: ofRatio(side.sppoHard),
  aot: ofStep(step.aot),
  aot_unpaired: ofStep(step.aotUnpaired),
  apo_zero: ofRatio(side.apoZero),
  apo_down: ofRatio(side.apoDown),
  discopop: ofRatio(d.discopop, 'discopopTau'),
  sigmoid_norm: { reads: ['beta', 'labelSmoothing'], reference: true, over: 'mean', pair: d.sigmoid },
  sft: { reads: [], reference: false, likelihood: one },
  simpo: {
    reads: ['beta', 'labelSmoothing', 'simpoGamma'],
    reference: false,
    over: 'mean',
    pair: d.simpo,
  },
  orpo: { reads: ['beta'], reference: false, over: 'mean', pair: side.oddsRatio, likelihood: one },
  cpo: {
    reads: ['beta', 'labelSmoothing', 'cpoAlpha'],
    reference: false,
    over: 'sum',
    pair: d.sigmoid,
    likelihood: ({ cpoAlpha }) => cpoAlpha,
  },
  plackett_luce: ofRatio(plackettLucePair),
};
