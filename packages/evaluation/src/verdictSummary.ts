import { mean } from '@selfjudge/base/internal';
import type { Verdict } from '@selfjudge/judging';
import { tokenEvidence } from '@selfjudge/judging/internal';
import { wilson, type Estimate } from './estimate.js';

/** A verdict, and what is known of its pair. */
export interface KnownVerdict {
  verdict: Verdict;
  /** The better answer by people, or by whoever labelled the pair. */
  label?: 'a' | 'b' | 'tie';
}

/** What there is to say of verdicts, each a share with its 95% interval; the unit of all of them is the pair. */
export interface VerdictSummary {
  /**
   * Of labelled pairs with a verdict, the share that is right; where either the label or the verdict is a tie and not both,
   * it counts half. Absent without labels.
   */
  accuracy?: Estimate;
  /** Of pairs with a verdict. */
  ties: Estimate;
  /** Of all pairs, those without a verdict. */
  nulls: Estimate;
  /** Of pairs asked in both orders, the share whose two orders name the same answer, a mean over its questions. */
  positionConsistency?: Estimate;
  /** Of the same, the share of single orders that name the answer shown first; 0.5 without position bias. */
  firstRate?: Estimate;
}

/**
 * Sums verdicts up. Several questions about a pair, and its two orders, depend on each other: each pair counts as one
 * observation, their mean, which makes the interval of the last two slightly too wide.
 */
export function verdictSummary(rows: readonly KnownVerdict[]): VerdictSummary {
  const winners = rows.map(({ verdict }) => verdict.winner);
  const valid = winners.filter((winner) => winner !== null);
  const points = rows.flatMap(({ verdict: { winner }, label }) => {
    if (label === undefined || winner === null) return [];
    return [pointsOf(winner, label)];
  });
  const orders = rows.flatMap(({ verdict }) => {
    const votes = (tokenEvidence(verdict)?.votes ?? []).filter(({ winner }) => winner !== null);
    if (votes.length === 0) return [];
    const asked = votes.flatMap((vote) => vote.orders);
    return [
      {
        consistent: mean(
          votes.map(({ orders: [ab, ba] }) => Number(Math.sign(ab.pA - ab.pB) === Math.sign(ba.pB - ba.pA))),
        ),
        first: mean(asked.map(({ pA, pB }) => (pA === pB ? 0.5 : Number(pA > pB)))),
      },
    ];
  });
  return {
    ...(rows.some(({ label }) => label !== undefined) && { accuracy: share(points) }),
    ties: share(valid.map((winner) => Number(winner === 'tie'))),
    nulls: share(winners.map((winner) => Number(winner === null))),
    ...(orders.length > 0 && {
      positionConsistency: share(orders.map(({ consistent }) => consistent)),
      firstRate: share(orders.map(({ first }) => first)),
    }),
  };
}

/** 1 for a winner that is the label, 0.5 where one of the two is a tie, 0 for the other answer. */
export const pointsOf = (winner: 'a' | 'b' | 'tie', label: 'a' | 'b' | 'tie'): number =>
  winner === label ? 1 : winner === 'tie' || label === 'tie' ? 0.5 : 0;

const share = (values: readonly number[]): Estimate =>
  wilson(
    values.reduce((sum, value) => sum + value, 0),
    values.length,
  );
