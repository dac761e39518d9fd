import { mean } from '@selfjudge/base/internal';
import type { Estimate } from '@selfjudge/evaluation';
import { bootstrapMean } from '@selfjudge/evaluation/internal';

/** Two means on the same things, and the first minus the second thing by thing. */
export interface Compared {
  a: number;
  b: number;
  /** With a 95% interval of the difference itself, by bootstrap over groups: narrower than two intervals beside each other. */
  difference: Estimate;
}

/** @param both what one and the other say of each thing; those of one group depend on each other. */
export const compared = (both: readonly { group: string; x: number; y: number }[]): Compared => ({
  a: mean(both.map(({ x }) => x)),
  b: mean(both.map(({ y }) => y)),
  difference: bootstrapMean(both.map(({ group, x, y }) => ({ group, value: x - y }))),
});
