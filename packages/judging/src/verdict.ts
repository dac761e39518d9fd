import { mean } from '@selfjudge/base';
import { check, list, measured, object, oneOf, text } from '@selfjudge/base/checks';

/** One order of a question: what the model read, and the probabilities of the verdict tokens A and B. */
export interface JudgedOrder {
  rendered: string;
  /** Of the token that names the response shown first; under the whole vocabulary. */
  pA: number;
  pB: number;
}

const isOrder = object({ pA: measured, pB: measured });
const isWinner = oneOf('a', 'b', 'tie', null);
const isVote = object({ winner: isWinner, scoreA: measured, scoreB: measured });

/** What others read of a verdict. */
export const isVerdict = object({
  winner: isWinner,
  orders: list(isOrder),
  scoreA: measured,
  scoreB: measured,
});

/** The answer to one question. */
export interface Vote {
  /** The principle, `overall` without principles. */
  principle: string;
  /** null: a probability was not a number. */
  winner: 'a' | 'b' | 'tie' | null;
  scoreA: number;
  scoreB: number;
}

/** What a judge says of two answers. */
export interface Verdict {
  /** null: no verdict. Neither a vote nor a training pair. */
  winner: 'a' | 'b' | 'tie' | null;
  /** scoreA / (scoreA + scoreB). */
  probability: number;
  /** Mean over questions of [p(A | a first) + p(B | b first)] / 2. */
  scoreA: number;
  scoreB: number;
  /** The first question: a shown first, then b shown first. */
  orders: JudgedOrder[];
  /** One a question. */
  votes: Vote[];
  /** Why there is no verdict: the question does not fit the model's context, or a probability was not a number. */
  reason?: 'too-long' | 'not-finite';
}

/**
 * The vote of one question, from both orders: position bias cancels as far as it is the same for both.
 * @param ab probabilities with answer a shown first, @param ba with b shown first.
 */
export function voteOf(
  principle: string,
  ab: { pA: number; pB: number },
  ba: { pA: number; pB: number },
): Vote {
  check('voteOf', { principle, ab, ba }, { principle: text, ab: isOrder, ba: isOrder });
  const scoreA = (ab.pA + ba.pB) / 2;
  const scoreB = (ab.pB + ba.pA) / 2;
  return { principle, winner: larger(scoreA, scoreB), scoreA, scoreB };
}

/** The verdict of all questions: the majority of the votes, the mean score where they split. */
export function verdictOf(orders: JudgedOrder[], votes: Vote[]): Verdict {
  check('verdictOf', { orders, votes }, { orders: list(isOrder), votes: list(isVote, 1) });
  const scoreA = mean(votes.map((vote) => vote.scoreA));
  const scoreB = mean(votes.map((vote) => vote.scoreB));
  const shared = { probability: scoreA / (scoreA + scoreB), scoreA, scoreB, orders, votes };
  if (votes.some(({ winner }) => winner === null)) return { winner: null, reason: 'not-finite', ...shared };
  const count = (side: 'a' | 'b') => votes.filter(({ winner }) => winner === side).length;
  const majority = larger(count('a'), count('b'));
  return { winner: majority === 'tie' ? larger(scoreA, scoreB) : majority, ...shared };
}

function larger(a: number, b: number): Vote['winner'] {
  if (Number.isNaN(a) || Number.isNaN(b)) return null;
  if (a === b) return 'tie';
  return a > b ? 'a' : 'b';
}
