import type { TreeSequence } from '@selfjudge/text';
import type { ModelView } from '../model/view.js';
import { ONE_RANK, shareOut, type Ranks } from '../ranks/ranks.js';
import { scoreSequences } from './scoreSequences.js';

/** `scoreSequences`, each rank of its part of the groups; all have all sums, nats. */
export const sharedScores = (
  groups: readonly (readonly TreeSequence[])[],
  view: ModelView,
  options: { tokenBudget: number; signal?: AbortSignal; ranks?: Ranks },
): Promise<number[][]> => {
  const { tokenBudget, signal, ranks = ONE_RANK } = options;
  return shareOut(ranks, groups, (part) => scoreSequences(part, view, tokenBudget, signal));
};
