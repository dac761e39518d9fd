import { mean } from '@selfjudge/base/internal';
import type { MetricsRow } from '../runs/rows.js';

/** Nats a sequence under which a policy is said to have hardly moved. */
const HARDLY_MOVED = 0.01;

/**
 * Warns once, after a fifth of the steps, when the mean KL of the samples over the later half of them is under 0.01 nat a sequence:
 * the learning rate or the number of steps is too small for the run to show anything.
 */
export function klReview(totalSteps: number): (row: MetricsRow) => string | undefined {
  // A step's KL is that of the policy before its update: the first one is always 0.
  const fifth = Math.max(3, Math.ceil(totalSteps / 5));
  const seen: number[] = [];
  return ({ step, metrics: { 'sampling/kl': kl } }) => {
    if (step > fifth || kl === undefined) return undefined;
    if (step > fifth / 2) seen.push(kl);
    if (step < fifth || !(mean(seen) < HARDLY_MOVED)) return undefined;
    return (
      `the policy hardly moved: KL to the start is ${mean(seen).toFixed(4)} nat a sequence after ${step} of ` +
      `${totalSteps} steps; raise learning_rate or the number of steps`
    );
  };
}
