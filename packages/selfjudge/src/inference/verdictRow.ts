import {
  OVERALL,
  type EnsembleEvidence,
  type Evidence,
  type JudgedOrder,
  type RecordedEvidence,
  type TokenEvidence,
  type Verdict,
} from '@selfjudge/judging';
import { tokenEvidence, verdictOf, voteOf, type Explanation } from '@selfjudge/judging/internal';

/**
 * A verdict as the columns of a row. Numbers that are none become null in JSON.
 * @param explanations one a question, where they were asked for
 */
export function verdictRow(
  verdict: Verdict,
  explanations: readonly (Explanation | undefined)[] = [],
): object {
  const { winner, probability, reason, detail, scoreA, scoreB } = verdict;
  const evidence = tokenEvidence(verdict);
  const others = otherEvidence(verdict);
  // Who is no model that judges by a token gives each answer its number, and is asked in no order.
  if (evidence === undefined && reason === undefined)
    return { winner, probability, score_a: scoreA, score_b: scoreB, ...others };
  const { orders = [], votes = [] } = evidence ?? {};
  return {
    winner,
    probability,
    orders: orders.map(({ rendered, pA, pB }) => ({ rendered, p_a: pA, p_b: pB })),
    ...(votes.length === 1 && rationaleColumns(explanations[0])),
    ...(votes.length > 1 && {
      votes: votes.map((vote, question) => ({
        principle: vote.principle,
        winner: vote.winner,
        score_a: vote.scoreA,
        score_b: vote.scoreB,
        orders: vote.orders.map(({ pA, pB }) => ({ p_a: pA, p_b: pB })),
        ...rationaleColumns(explanations[question]),
      })),
    }),
    ...others,
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
  };
}

/** What stands behind the verdict of a judge that is no model: counts of judgments, what each member said, what a person saw first. */
function otherEvidence({ evidence }: Verdict): object {
  switch (evidence?.kind) {
    case 'recorded': {
      const { a, b, ties } = evidence as RecordedEvidence;
      return { judgments: { a, b, ties } };
    }
    case 'ensemble':
      return { members: (evidence as EnsembleEvidence).members.map((member) => verdictRow(member)) };
    case 'person':
      return { shown_first: (evidence as PersonEvidence).shownFirst };
    default:
      return {};
  }
}

/** Of a person's verdict: which answer was shown first. */
export interface PersonEvidence extends Evidence {
  readonly kind: 'person';
  shownFirst: 'a' | 'b';
}

/** What is worth knowing of rows that some member of an ensemble, or a file of judgments, said nothing of, as they were written. */
export function silenceNotes(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const read = rows as object as readonly VerdictColumns[];
  const unknown = read.filter(({ reason }) => reason === 'not-recorded').length;
  const partly = read.filter(
    ({ winner, members }) => winner !== null && members?.some((member) => member.winner === null),
  ).length;
  const of = `of ${rows.length} rows`;
  return [
    ...(unknown === 0 ? [] : [`${unknown} ${of} are not in the file of judgments: no verdict`]),
    ...(partly === 0 ? [] : [`${partly} ${of} were decided without some judge, who had no verdict`]),
  ];
}

/** What is worth knowing of rationales that are not whole, in rows as they were written. */
export function rationaleNote(rows: readonly Readonly<Record<string, unknown>>[]): string | undefined {
  const finishes = rows.flatMap((row) => {
    const { rationale_finish: own, votes = [] } = row as object as RationaleColumns;
    return [own, ...votes.map(({ rationale_finish: ofVote }) => ofVote)];
  });
  const count = (finish: Explanation['finish']) => finishes.filter((one) => one === finish).length;
  const parts = [
    [count('length'), 'cut at max_new_tokens'],
    [count('no-room'), "left out, as question and max_new_tokens exceed the model's context"],
    [count('error'), 'left out, as probabilities were not numbers'],
  ].flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`]));
  const all = finishes.filter((finish) => finish !== undefined).length;
  return parts.length === 0 ? undefined : `of ${all} rationales ${parts.join(', ')}`;
}

interface RationaleColumns {
  rationale_finish?: Explanation['finish'];
  votes?: { rationale_finish?: Explanation['finish'] }[];
}

const rationaleColumns = (explanation: Explanation | undefined) =>
  explanation && {
    rationale: explanation.text,
    rationale_order: explanation.order,
    rationale_finish: explanation.finish,
  };

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
  members?: { winner: Verdict['winner'] }[];
}

/** Of a row as it was written, what is asked for afterwards: no texts. */
export function verdictColumns(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { winner, probability, score_a, score_b, reason, error, rationale_finish } = row;
  const { orders, votes, members } = row as object as VerdictColumns;
  const figures = (asked: readonly OrderColumns[]) => asked.map(({ p_a, p_b }) => ({ p_a, p_b }));
  return {
    winner,
    probability,
    score_a,
    score_b,
    reason,
    error,
    rationale_finish,
    ...(orders !== undefined && { orders: figures(orders) }),
    ...(members !== undefined && { members: members.map((member) => ({ winner: member.winner })) }),
    ...(votes !== undefined && {
      votes: votes.map((vote) => ({ ...vote, orders: figures(vote.orders), rationale: undefined })),
    }),
  };
}

/**
 * The verdict that a row's columns were made of, bit for bit: a token judge's scores and evidence are those of its probabilities, its
 * winner and probability those of the columns, which a calibration may have changed.
 */
export function verdictOfRow(row: Readonly<Record<string, unknown>>): Verdict {
  const { orders = [], votes, ...columns } = row as object as VerdictColumns;
  const { winner, probability: told, score_a: scoreA, score_b: scoreB, reason } = columns;
  const probability = told ?? NaN;
  const why = reason !== undefined && { reason };
  if (orders.length === 2) {
    const asked = votes ?? [{ principle: OVERALL, orders }];
    const said = verdictOf(
      bothOf(orders),
      asked.map((vote) => voteOf(vote.principle, ...bothOf(vote.orders))),
    );
    return { ...said, winner, probability, ...why };
  }
  return { winner, scoreA: scoreA ?? NaN, scoreB: scoreB ?? NaN, probability, ...why };
}

function bothOf([ab, ba]: readonly OrderColumns[]): TokenEvidence['orders'] {
  const order = ({ rendered = '', p_a: pA, p_b: pB }: OrderColumns): JudgedOrder => ({
    rendered,
    pA: pA ?? NaN,
    pB: pB ?? NaN,
  });
  return [order(ab), order(ba)];
}
