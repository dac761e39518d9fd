import type { ModelView } from '@selfjudge/engine';
import { ONE_RANK, scoreSequences, shareOut, type Ranks } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';

/** `scoreSequences`, each rank of its part of the groups; all have all sums, nats. */
export const sharedScores = (
  groups: readonly (readonly TreeSequence[])[],
  view: ModelView,
  options: { tokenBudget: number; signal?: AbortSignal; ranks?: Ranks },
): Promise<number[][]> => {
  const { tokenBudget, signal, ranks = ONE_RANK } = options;
  return shareOut(ranks, groups, (part) => scoreSequences(part, view, tokenBudget, signal));
};
