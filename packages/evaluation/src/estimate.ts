import { ArgumentError, Random } from '@selfjudge/base';

/** A rate with its 95% interval, over n observations. NaN for n = 0. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
  n: number;
}

/** Two-sided 95% of the standard normal. */
export const Z = 1.959963984540054;

/**
 * A share with the score interval of Wilson (1927), which stays inside [0, 1] and holds for few observations and shares
 * near 0 or 1. Independent observations; half successes (ties) make it slightly too wide.
 *
 * @param successes from 0 to n; ties may count 0.5.
 */
export function wilson(successes: number, n: number): Estimate {
  if (successes > n) {
    throw new ArgumentError('successes', {
      where: 'wilson',
      expected: `from 0 to n = ${n}`,
      received: successes,
    });
  }
  if (n === 0) return { value: NaN, low: NaN, high: NaN, n };
  const p = successes / n;
  const z2 = Z * Z;
  const middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  // At 0 and n the interval touches the end exactly; rounding must not leave it.
  return { value: p, low: successes === 0 ? 0 : middle - half, high: successes === n ? 1 : middle + half, n };
}

/**
 * The mean of values with a percentile bootstrap interval over groups: values of one group (answers to one prompt, say)
 * depend on each other, so whole groups are drawn.
 *
 * @param items a value and the name of its group each.
 * @returns n is the number of values.
 */
export function bootstrapMean(
  items: readonly { group: string; value: number }[],
  options: { resamples?: number; seed?: number } = {},
): Estimate {
  const { resamples = 2000, seed = 0 } = options;
  const byGroup = new Map<string, { sum: number; n: number }>();
  for (const { group, value } of items) {
    const known = byGroup.get(group) ?? { sum: 0, n: 0 };
    byGroup.set(group, { sum: known.sum + value, n: known.n + 1 });
  }
  const groups = [...byGroup.values()];
  const meanOf = (drawn: readonly { sum: number; n: number }[]) =>
    drawn.reduce((total, { sum }) => total + sum, 0) / drawn.reduce((total, { n }) => total + n, 0);
  const value = meanOf(groups);
  if (groups.length === 0) return { value, low: NaN, high: NaN, n: 0 };
  const random = new Random(seed);
  const means = Float64Array.from({ length: resamples }, () =>
    meanOf(groups.map(() => groups[random.below(groups.length)])),
  ).sort();
  return { value, low: quantile(means, 0.025), high: quantile(means, 0.975), n: items.length };
}

/** Of ascending values, by linear interpolation. */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
