/** transformers' names. `constant` alone does not warm up. */
export const LR_SCHEDULERS = [
  'constant',
  'constant_with_warmup',
  'linear',
  'cosine',
  'cosine_with_min_lr',
  'cosine_with_restarts',
  'polynomial',
] as const;
export type LrSchedulerType = (typeof LR_SCHEDULERS)[number];

export interface ScheduleOptions {
  /** Peak learning rate. */
  learningRate: number;
  lrSchedulerType: LrSchedulerType;
  /** Share of all steps spent warming up, in [0, 1]; rounded up to whole steps. */
  warmupRatio: number;
  /** Steps spent warming up; when above 0 it is used instead of `warmupRatio`. */
  warmupSteps: number;
  /** Where the decay ends, as a share of the peak, in [0, 1]. At 0 a polynomial ends at 1e-7, as in transformers. */
  minLrRatio: number;
  /** Waves of a cosine. 0, the default: half a wave; with restarts one. */
  lrNumCycles?: number;
  /** Of a polynomial. Default 1. */
  lrPower?: number;
}
