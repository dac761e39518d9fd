import { check, whole } from '@selfjudge/base/checks';
import { scheduleOptions } from './checks.js';

export type LrSchedulerType = 'constant' | 'linear' | 'cosine';

export interface ScheduleOptions {
  /** Peak learning rate. */
  learningRate: number;
  lrSchedulerType: LrSchedulerType;
  /** Share of all steps spent warming up, in [0, 1]; rounded up to whole steps. */
  warmupRatio: number;
  /** Steps spent warming up; when above 0 it is used instead of `warmupRatio`. */
  warmupSteps: number;
  /** Where linear and cosine end, as a share of the peak, in [0, 1]. */
  minLrRatio: number;
}

/** The learning rate of each step, counted from 1. */
export type Schedule = (step: number) => number;

/**
 * A linear rise to the peak, reached at the last step of the warm-up, then constant, linear or cosine. The first step
 * after the warm-up is at the peak and the last is one step before the end of the decay, so no step is spent at 0.
 */
export function schedule(o: ScheduleOptions, totalSteps: number): Schedule {
  check('schedule', { options: o, totalSteps }, { options: scheduleOptions, totalSteps: whole(0) });
  const warmup = o.warmupSteps > 0 ? o.warmupSteps : Math.ceil(o.warmupRatio * totalSteps);
  const decay = decays[o.lrSchedulerType];
  return (step) => {
    if (step <= warmup) return (o.learningRate * step) / warmup;
    const progress = Math.min(1, (step - 1 - warmup) / Math.max(1, totalSteps - warmup));
    return o.learningRate * (o.minLrRatio + (1 - o.minLrRatio) * decay(progress));
  };
}

const decays: Record<LrSchedulerType, (progress: number) => number> = {
  constant: () => 1,
  linear: (p) => 1 - p,
  cosine: (p) => 0.5 * (1 + Math.cos(Math.PI * p)),
};
