import { choiceField, limitField, numberField, wholeField, type OptionsOf } from '@selfjudge/base/fields';
import { LR_SCHEDULERS } from './schedule.js';

/** TRL's words in camelCase: the configuration file says `adam_beta1` where this says `adamBeta1`. */
export const optimizerFields = {
  adamBeta1: numberField(0.9, { min: 0, below: 1 }, 'AdamW'),
  adamBeta2: numberField(0.999, { min: 0, below: 1 }, 'AdamW'),
  adamEpsilon: numberField(1e-8, { above: 0, max: 1 }, 'AdamW'),
  /** Decoupled; matrices only, never norm weights and biases. */
  weightDecay: numberField(0, { min: 0 }, 'decoupled, matrices only'),
  /** Gradients are scaled down to this global norm; 0 for no limit. */
  maxGradNorm: numberField(1, { min: 0 }, 'gradients are scaled down to this global norm; 0 for no limit'),
};
export type OptimizerOptions = OptionsOf<typeof optimizerFields>;

export const scheduleFields = {
  /** Peak learning rate. */
  learningRate: numberField(2e-4, { above: 0 }, 'peak learning rate'),
  lrSchedulerType: choiceField('cosine', LR_SCHEDULERS, 'after warmup, which constant alone does not have'),
  /** Share of all steps spent warming up; rounded up to whole steps. */
  warmupRatio: numberField(0.03, { min: 0, max: 1 }, 'share of the steps with rising learning rate'),
  /** Steps spent warming up; when above 0 it is used instead of `warmupRatio`. */
  warmupSteps: wholeField(0, 0, 'steps with rising learning rate; above 0 it replaces warmup_ratio'),
  /** Where the decay ends, as a share of the peak. At 0 a polynomial ends at 1e-7, as in transformers. */
  minLrRatio: numberField(0, { min: 0, max: 1 }, 'where the decay ends, as a share of the peak'),
  /** Waves of a cosine. 0: half a wave; with restarts one. */
  lrNumCycles: numberField(0, { min: 0 }, 'of the cosines; 0 for half a one, with restarts 1'),
  /** Of a polynomial. */
  lrPower: numberField(1, { above: 0 }, 'of polynomial'),
};
type AllOfSchedule = OptionsOf<typeof scheduleFields>;
export type ScheduleOptions = Omit<AllOfSchedule, 'lrNumCycles' | 'lrPower'> &
  Partial<Pick<AllOfSchedule, 'lrNumCycles' | 'lrPower'>>;

/** What every training method shares. */
export const loopFields = {
  ...scheduleFields,
  ...optimizerFields,
  /** Examples (pairs, prompts) an optimizer step: TRL's per-device batch times gradient accumulation. */
  trainBatchSize: wholeField(32, 1, 'examples an optimizer step'),
  numTrainEpochs: numberField(1, { above: 0 }, 'passes over the data'),
  /** Steps in all, whatever the number of examples; 0 to go by epochs. */
  maxSteps: wholeField(0, 0, 'optimizer steps in all; 0 to go by epochs'),
  /** Keys data order, dropout and sampling. */
  seed: wholeField(0, 0, 'keys data order, dropout and sampling'),
  /** Rows of one tree at most: memory, not results, depends on it. */
  tokenBudget: limitField(4096, 'rows of one tree at most: memory, not results, depends on it'),
  /** Blocks are computed again in backward instead of kept: less memory for a forward pass more. */
  activationRecompute: choiceField(
    'auto',
    ['auto', 'on', 'off'],
    'blocks are computed again in backward instead of kept: less memory, the same bits; auto: where the plan before the first step does not fit without',
  ),
  /**
   * Slices of a step's rows whose gradients are added in one binary tree, so that the result is the same for any number of
   * processes that divides it. A power of two; 0 is 1, under a launcher 8 (docs/scaling.md). A task by itself has 1.
   */
  gradientLeaves: wholeField(
    0,
    0,
    'slices of a step whose gradients are added in one tree, a power of two that the processes divide; 0 for 1, by a launcher 8, and what a run began with',
  ),
  /** A checkpoint every so many steps; 0 for none but the last. */
  saveSteps: wholeField(50, 0, 'a checkpoint every so many steps; 0 for none but the last'),
  /** Checkpoints kept; 0 for all. */
  saveTotalLimit: wholeField(2, 0, 'checkpoints kept; 0 for all'),
};
export type LoopOptions = OptionsOf<typeof loopFields>;
