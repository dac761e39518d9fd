import type { MetricsRow, TrainingTask } from '@selfjudge/training';
import { tokensOfSteps } from '@selfjudge/training/internal';

/** Steps that are timed, and steps of a run that is worth an answer. */
const TIMED = 3;
const FEWEST = 10;

/**
 * Says after three steps how long the others will take: as long a token as the second and the third. The first warms up.
 * Evaluations and checkpoints to come are not in it.
 * @param from steps done before
 * @returns to be told of each step
 */
export function expectedTime(
  { order, workload }: Pick<TrainingTask, 'order' | 'workload'>,
  from: number,
  say: (seconds: number, steps: number) => void,
): (row: MetricsRow) => void {
  const { totalSteps } = order;
  const timed = { seconds: 0, tokens: 0 };
  const tokens = (first: number, last: number) =>
    workload === undefined || workload.isBound ? last - first + 1 : tokensOfSteps(workload, first, last);
  return ({ step, metrics }) => {
    if (step <= from + 1 || step > from + TIMED || totalSteps - from < FEWEST) return;
    timed.seconds += metrics.step_time - (metrics['time/checkpoint'] ?? 0) - (metrics['time/eval'] ?? 0);
    timed.tokens += tokens(step, step);
    if (step < from + TIMED) return;
    say((timed.seconds / timed.tokens) * tokens(step + 1, totalSteps), totalSteps - step);
  };
}
