import { OVERALL, type JudgedOrder, type TokenEvidence, type Verdict } from '@selfjudge/judging';
import { tokenEvidence, verdictOf, voteOf } from '@selfjudge/judging/internal';

/** A verdict as the columns of a row. Numbers that are none become null in JSON. */
export function verdictRow(verdict: Verdict): object {
  const { winner, probability, reason, scoreA, scoreB } = verdict;
  const evidence = tokenEvidence(verdict);
  // A reward model gives each answer its number, and is asked in no order.
  if (evidence === undefined && reason === undefined)
    return { winner, probability, score_a: scoreA, score_b: scoreB };
  const { orders = [], votes = [] } = evidence ?? {};
  return {
    winner,
    probability,
    orders: orders.map(({ rendered, pA, pB }) => ({ rendered, p_a: pA, p_b: pB })),
    ...(votes.length > 1 && {
      votes: votes.map((vote) => ({
        principle: vote.principle,
        winner: vote.winner,
        score_a: vote.scoreA,
        score_b: vote.scoreB,
        orders: vote.orders.map(({ pA, pB }) => ({ p_a: pA, p_b: pB })),
      })),
    }),
    ...(reason !== undefined && { reason }),
  };
}

interface OrderColumns {
  rendered?: string;
  p_a: number | null;
  p_b: number | null;
}

/** What `verdictRow` gives, as it is read again. */
interface VerdictColumns {
  winner: Verdict['winner'];
  probability: number | null;
  score_a?: number | null;
  score_b?: number | null;
  orders?: OrderColumns[];
  votes?: { principle: string; orders: OrderColumns[] }[];
  reason?: string;
}

/** The verdict that a row's columns were made of: a token judge's from its probabilities, bit for bit. */
export function verdictOfRow(row: Readonly<Record<string, unknown>>): Verdict {
  const { orders = [], votes, ...columns } = row as object as VerdictColumns;
  if (orders.length === 2) {
    const asked = votes ?? [{ principle: OVERALL, orders }];
    return verdictOf(
      bothOf(orders),
      asked.map((vote) => voteOf(vote.principle, ...bothOf(vote.orders))),
    );
  }
  const { winner, probability, score_a: scoreA, score_b: scoreB, reason } = columns;
  const figures = { scoreA: scoreA ?? NaN, scoreB: scoreB ?? NaN, probability: probability ?? NaN };
  return { winner, ...figures, ...(reason !== undefined && { reason }) };
}

function bothOf([ab, ba]: readonly OrderColumns[]): TokenEvidence['orders'] {
  const order = ({ rendered = '', p_a: pA, p_b: pB }: OrderColumns): JudgedOrder => ({
    rendered,
    pA: pA ?? NaN,
    pB: pB ?? NaN,
  });
  return [order(ab), order(ba)];
}
