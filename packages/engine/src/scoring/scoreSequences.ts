import type { TreeSequence } from '@selfjudge/text';
import type { ModelView } from '../model/view.js';
import { plan } from '../tensor/planner.js';

/**
 * Of each sequence of each group, the sum of a view's log-probabilities over its targets, in nats.
 * @param groups sequences that begin alike, such as answers to one prompt: what they share is computed once
 * @param tokenBudget rows of one tree at most: memory, not results, depends on it
 * @param signal ends the work after the tree under way; the call rejects with its reason
 */
export async function scoreSequences(
  groups: readonly (readonly TreeSequence[])[],
  view: ModelView,
  tokenBudget: number,
  signal?: AbortSignal,
): Promise<number[][]> {
  const sums: number[][] = [];
  const planned = groups.map((sequences) => ({ sequences: [...sequences] }));
  for (const { batch, groups: inTree, first } of plan(planned, tokenBudget)) {
    signal?.throwIfAborted();
    const ofTree = batch.sums(await view.score(batch));
    inTree.forEach(({ sequences }, i) => {
      sums.push(Array.from(ofTree.subarray(first[i], first[i] + sequences.length)));
    });
  }
  return sums;
}
