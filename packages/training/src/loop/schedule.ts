import type { LrSchedulerType } from '../options/schedule.js';
import type { ScheduleOptions } from '../options/loop.js';

/** The learning rate of each step, counted from 1. */
export type Schedule = (step: number) => number;

/**
 * A linear rise to the peak, reached at the last step of the warm-up, then the decay of transformers' scheduler of that
 * name. The first step after the warm-up is at the peak and the last is one step before the end of the decay.
 * transformers begins its rise at 0, a step that changes nothing: its warm-up is ours a step later, and from the first
 * step after it both are the same.
 */
export function schedule(o: ScheduleOptions, totalSteps: number): Schedule {
  const warmup = warmupOf(o, totalSteps);
  const decay = decays[o.lrSchedulerType];
  return (step) => {
    if (step <= warmup) return (o.learningRate * step) / warmup;
    const progress = Math.min(1, (step - 1 - warmup) / Math.max(1, totalSteps - warmup));
    return decay(progress, o);
  };
}

function warmupOf(o: ScheduleOptions, totalSteps: number): number {
  if (o.lrSchedulerType === 'constant') return 0;
  return o.warmupSteps > 0 ? o.warmupSteps : Math.ceil(o.warmupRatio * totalSteps);
}

/** Where the learning rate is at a share of the way from the end of the warm-up to the end. */
type Decay = (progress: number, options: ScheduleOptions) => number;

/** From the peak to its share of it. */
const falling =
  (shape: (progress: number, cycles: number) => number): Decay =>
  (progress, { learningRate, minLrRatio, lrNumCycles = 0 }) =>
    learningRate * (minLrRatio + (1 - minLrRatio) * shape(progress, lrNumCycles));

const wave = (turns: number): number => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * turns)));
const cosine = falling((p, cycles) => wave(cycles === 0 ? p : cycles * 2 * p));

/** Where a polynomial ends in transformers. */
const POLYNOMIAL_END = 1e-7;

const decays: Record<LrSchedulerType, Decay> = {
  constant: (_, { learningRate }) => learningRate,
  constant_with_warmup: falling(() => 1),
  linear: falling((p) => 1 - p),
  cosine,
  cosine_with_min_lr: cosine,
  cosine_with_restarts: falling((p, cycles) => (p >= 1 ? 0 : wave(((cycles || 1) * p) % 1))),
  polynomial: (p, { learningRate, minLrRatio, lrPower = 1 }) => {
    const end = minLrRatio > 0 ? learningRate * minLrRatio : Math.min(POLYNOMIAL_END, learningRate);
    return p >= 1 ? end : (learningRate - end) * (1 - p) ** lrPower + end;
  },
};
