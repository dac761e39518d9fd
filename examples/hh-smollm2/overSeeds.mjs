// What several seeds say together: by Student's t where three or more ran, else by their prompts.
import { bootstrapMean } from '../../packages/evaluation/dist/index.js';
import { interval } from '../../testbed/statistics.mjs';

export const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;

const POINTS = { a: 1, tie: 0.5, b: 0 };

/**
 * A rate of win rates, one a seed.
 * @param which `rate` or `lengthControlled`
 * @returns `{value, low, high}`; without an interval for the length-controlled rate of two seeds, which have the same prompts
 */
export function rateOver(rates, which) {
  if (rates.length >= 3) {
    const { mean: value, low, high } = interval(rates.map((one) => one[which].value));
    return { value, low, high };
  }
  if (rates.length === 1) return rates[0][which];
  if (which === 'rate')
    return bootstrapMean(
      rates.flatMap(({ winners }) =>
        winners.map((winner, i) => ({ group: String(i), value: POINTS[winner] })),
      ),
    );
  return { value: mean(rates.map((one) => one[which].value)) };
}

/** What the intervals are of, in a sentence. */
export function intervalsOf(seeds) {
  if (seeds.length >= 3)
    return `Intervals are 95%, by Student's t over seeds ${seeds.join(', ')}; of judges over pairs.`;
  const ran = seeds.length === 1 ? `one seed (${seeds[0]})` : `two seeds (${seeds.join(', ')})`;
  return `Intervals are 95%, over prompts: ${ran}, so they say nothing of what another seed would give.`;
}
