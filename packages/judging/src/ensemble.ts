import { consult, judgeBy, partly, type Judge } from './judge.js';
import { larger, NO_VERDICT, type Evidence, type Verdict } from './verdict.js';

export interface EnsembleOptions {
  /** Of each judge, above 0; only their ratios count. Default: all the same. */
  weights?: readonly number[];
  /**
   * What of each verdict counts: its `probability` (default), or its winner as one vote, a tie as half a vote for each, which judges of
   * scales of their own are compared by.
   */
  by?: 'probability' | 'votes';
}

/** What each judge of an ensemble said, in the order of the judges. */
export interface EnsembleEvidence extends Evidence {
  readonly kind: 'ensemble';
  members: Verdict[];
}

export interface EnsembleVerdict extends Verdict {
  evidence: EnsembleEvidence;
}

/**
 * Several judges as one: its probability is the weighted mean of theirs, or the share of the votes, and the winner is who has more
 * than half; half is a tie. Whoever has no verdict of a pair is left out of its mean; where nobody has one there is none (`no-member`, with their reasons).
 * The scores are the probability and what is left of 1.
 */
export function ensemble(
  judges: readonly Judge[],
  { weights = judges.map(() => 1), by = 'probability' }: EnsembleOptions = {},
): Judge<EnsembleVerdict> {
  return judgeBy('ensemble.compare', async (pairs, options) => {
    const said: Verdict[][] = [];
    // One after the other: they may share a device.
    for (const [index, judge] of judges.entries()) {
      options.signal?.throwIfAborted();
      const own = partly(options, { index, parts: judges.length, total: pairs.length });
      said.push(await consult(judge, pairs, 'ensemble', own));
    }
    return pairs.map((_, i) =>
      together(
        said.map((verdicts) => verdicts[i]),
        weights,
        by === 'votes' ? votesOf : ({ probability }) => probability,
      ),
    );
  });
}

const votesOf = ({ winner }: Verdict): number => (winner === 'tie' ? 0.5 : Number(winner === 'a'));

function together(
  members: Verdict[],
  weights: readonly number[],
  forA: (verdict: Verdict) => number,
): EnsembleVerdict {
  const evidence: EnsembleEvidence = { kind: 'ensemble', members };
  let total = 0;
  let sum = 0;
  members.forEach((verdict, i) => {
    if (verdict.winner === null) return;
    total += weights[i];
    sum += weights[i] * forA(verdict);
  });
  if (total === 0) {
    const reasons = members.map(({ reason = 'no reason given' }) => reason);
    return { ...NO_VERDICT, reason: 'no-member', detail: [...new Set(reasons)].join(', '), evidence };
  }
  const probability = sum / total;
  return {
    winner: larger(probability, 0.5),
    scoreA: probability,
    scoreB: 1 - probability,
    probability,
    evidence,
  };
}

/** What was said of a pair: by each judge of an ensemble, else by the one there is. */
export function membersOf(verdict: Verdict): Verdict[] {
  const { evidence } = verdict;
  return isEnsembleEvidence(evidence) ? evidence.members : [verdict];
}

const isEnsembleEvidence = (evidence?: Evidence): evidence is EnsembleEvidence =>
  evidence?.kind === 'ensemble';
