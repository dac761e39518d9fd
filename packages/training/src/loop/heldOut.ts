import { MEASURES, type Measure } from '../options/heldOut.js';
import type { Measured } from '../metrics/measured.js';
import type { Selection } from './trainingTask.js';

/**
 * Measures rows that are never trained on. What is measured gets `eval_` before its name, as in transformers.
 *
 * The step whose measure is best is kept, the earlier one of equals; the start is no candidate, and neither is a step whose
 * measure is not a number. With `selectBy: none` nothing is chosen, and no parameters are held beside those trained.
 *
 * @param count of rows
 * @param measure of the policy as it is; changes nothing
 * @param accuracy the metric that `selectBy: accuracy` means
 * @returns undefined where nothing is to be measured
 */
export function heldOutSelection(
  count: number,
  { evalSteps, selectBy }: { evalSteps: number; selectBy: 'none' | Measure },
  measure: () => Promise<Measured>,
  accuracy: string = MEASURES.accuracy.metric,
): Selection | undefined {
  if (count === 0 || evalSteps === 0) return undefined;
  const by = selectBy === 'none' ? undefined : MEASURES[selectBy];
  const metric = selectBy === 'accuracy' ? accuracy : (by?.metric ?? '');
  return {
    every: evalSteps,
    ...(by && { chosenBy: { judge: metric, n: count, of: 'held-out rows' } }),
    async evaluate() {
      const { metrics: plain, rows } = await measure();
      const named = Object.entries(plain);
      const metrics = Object.fromEntries(named.map(([name, value]) => [`eval_${name}`, value]));
      const signal = by && by.better * metrics[metric];
      return { metrics, rows, signal, eligible: signal !== undefined && !Number.isNaN(signal), stop: false };
    },
  };
}
