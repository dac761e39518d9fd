import type { Estimate } from './estimate.js';
import { pointsOf } from './points.js';
import type { LabelledPair } from './trustPair.js';
import { share } from './verdictSummary.js';

const GROUPS = 5;
/** Pairs that a group has at least: of fewer an interval says nothing. */
const LEAST = 20;

/** Labelled pairs whose verdicts have about one margin. */
export interface MarginGroup {
  /** |score of a - score of b| of the first and the last of them, on the judge's own scale. */
  from: number;
  to: number;
  accuracy: Estimate;
}

/**
 * How often a judge is right by how far apart it sees the answers: up to five groups of equally many pairs, from the closest. A
 * judge that knows when it knows little is right more often from group to group.
 */
export function marginTrust(pairs: readonly LabelledPair[]): MarginGroup[] {
  const sorted = pairs
    .map(({ verdict: { scoreA, scoreB }, winner, label }) => ({
      margin: Math.abs(scoreA - scoreB),
      points: pointsOf(winner, label),
    }))
    .sort((x, y) => x.margin - y.margin);
  const groups = Math.max(1, Math.min(GROUPS, Math.floor(sorted.length / LEAST)));
  return Array.from({ length: groups }, (_, i) =>
    sorted.slice(Math.floor((i * sorted.length) / groups), Math.floor(((i + 1) * sorted.length) / groups)),
  )
    .filter((of) => of.length > 0)
    .map((of) => ({
      from: of[0].margin,
      to: of[of.length - 1].margin,
      accuracy: share(of.map(({ points }) => points)),
    }));
}
