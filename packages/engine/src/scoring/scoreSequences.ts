import type { TreeSequence } from '@selfjudge/text';
import { abortSignal, check, limit, list, optional } from '@selfjudge/base/checks';
import { scorer, sequence } from '../checks.js';
import type { ModelView } from '../model/view.js';
import { plan } from '../tensor/planner.js';

const scoreArguments = {
  groups: list(list(sequence)),
  view: scorer,
  tokenBudget: limit,
  signal: optional(abortSignal),
};

/**
 * Of each sequence, the sum of a view's log-probabilities over its targets.
 * @param groups sequences that begin alike, such as answers to one prompt: what they share is computed once
 * @param tokenBudget rows of one tree at most: memory, not results, depends on it
 * @param signal ends the work after the tree under way; the call rejects with its reason
 */
export async function scoreSequences<G extends readonly TreeSequence[]>(
  groups: readonly G[],
  view: ModelView,
  tokenBudget: number,
  signal?: AbortSignal,
): Promise<{ [K in keyof G]: number }[]> {
  check('scoreSequences', { groups, view, tokenBudget, signal }, scoreArguments);
  const sums: { [K in keyof G]: number }[] = [];
  const planned = groups.map((sequences) => ({ sequences: [...sequences] }));
  for (const { batch, groups: inTree, first } of plan(planned, tokenBudget)) {
    signal?.throwIfAborted();
    const ofTree = batch.sums(await view.score(batch));
    inTree.forEach(({ sequences }, i) => {
      const own = ofTree.subarray(first[i], first[i] + sequences.length);
      sums.push(Array.from(own) as unknown as { [K in keyof G]: number });
    });
  }
  return sums;
}
