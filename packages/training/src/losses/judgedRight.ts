import { mean } from '@selfjudge/base/internal';
import type { SequenceGroup } from '@selfjudge/engine';
import { voteOf } from '@selfjudge/judging/internal';

const CREDIT = { a: 1, tie: 0.5, b: 0 } as const;

/**
 * Of each group with verdicts, how much of it the judge gets right: the mean over its questions, each asked in both orders, one
 * after the other.
 * @param logp of each label of the groups' tree: of a sequence its targets, then its candidates
 */
export function judgedRight(groups: readonly SequenceGroup[], logp: Float32Array): number[] {
  let at = 0;
  return groups.flatMap(({ sequences }) => {
    const asked = sequences.flatMap(({ targets = [], candidates = [] }) => {
      const right = at;
      at += targets.reduce((sum, [start, end]) => sum + end - start, 0);
      const other = at;
      at += candidates.reduce((sum, { labels }) => sum + labels.length, 0);
      return candidates.length === 0 ? [] : [{ right: Math.exp(logp[right]), other: Math.exp(logp[other]) }];
    });
    if (asked.length === 0) return [];
    const credits = asked.flatMap((ab, i) => {
      if (i % 2 === 1) return [];
      const ba = asked[i + 1];
      // The labelled answer is a.
      const { winner } = voteOf('', { pA: ab.right, pB: ab.other }, { pA: ba.other, pB: ba.right });
      return [winner === null ? 0 : CREDIT[winner]];
    });
    return [mean(credits)];
  });
}
