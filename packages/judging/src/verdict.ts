import { mean } from '@selfjudge/base/internal';

/** The probabilities of the verdict tokens A and B in one order of a question, under the whole vocabulary. */
export interface OrderProbabilities {
  /** Of the token that names the response shown first. */
  pA: number;
  pB: number;
}

/** One order of a question, and what the model read. */
export interface JudgedOrder extends OrderProbabilities {
  rendered: string;
}

/** The answer to one question. */
export interface Vote {
  /** The principle, `overall` without principles. */
  principle: string;
  /** null: a probability was not a number, or the verdict tokens hold less than `LEAST_MASS`. */
  winner: 'a' | 'b' | 'tie' | null;
  scoreA: number;
  scoreB: number;
  /** What it was asked with: a shown first, then b shown first. */
  orders: [ab: OrderProbabilities, ba: OrderProbabilities];
}

/** What a judge says of two answers. */
export interface Verdict {
  /** null: no verdict. Neither a vote nor a training pair. */
  winner: 'a' | 'b' | 'tie' | null;
  /** Larger for better, on the judge's own scale; finite where there is a winner. */
  scoreA: number;
  scoreB: number;
  /** That answer a is the better one, from 0 to 1; NaN where there is no verdict. */
  probability: number;
  /** Winner and probability are a calibration's, no more those of the evidence. */
  isCalibrated?: true;
  /** Why there is no verdict, or why nobody was asked for it, in a word. */
  reason?: string;
  /** The same in the words of who refused the pair. */
  detail?: string;
  /** What stands behind the verdict, where the judge shows it. */
  evidence?: Evidence;
}

/** What stands behind a verdict: `kind` says of what judge, and so what else it has. */
export interface Evidence {
  readonly kind: string;
}

/** Of a `TokenJudge`: what it read and what it said. */
export interface TokenEvidence extends Evidence {
  readonly kind: 'token';
  /** The first question: a shown first, then b shown first. */
  orders: [ab: JudgedOrder, ba: JudgedOrder];
  /** One a question. */
  votes: Vote[];
}

/**
 * The verdict of a `TokenJudge`. Its scores are means over questions of [p(A | a first) + p(B | b first)] / 2, its probability
 * is scoreA / (scoreA + scoreB). No evidence where it could not be asked.
 */
export interface TokenVerdict extends Verdict {
  reason?: NoVerdict;
  evidence?: TokenEvidence;
}

/** The evidence of a verdict where it is a token judge's. */
export function tokenEvidence({ evidence }: Verdict): TokenEvidence | undefined {
  return isTokenEvidence(evidence) ? evidence : undefined;
}

const isTokenEvidence = (evidence?: Evidence): evidence is TokenEvidence => evidence?.kind === 'token';

/**
 * Why a token judge has no verdict: the chat template refuses the question, it does not fit the model's context, a probability was
 * not a number, or the verdict tokens hold less than `LEAST_MASS` in some order.
 */
export type NoVerdict = 'refused' | 'too-long' | 'not-finite' | 'low-mass';

/** p(A) + p(B) below which which of the two is larger says nothing of the answers: the model said something else. */
export const LEAST_MASS = 1e-3;

/** Of a pair that was not asked about. */
export const NO_VERDICT = { winner: null, probability: NaN, scoreA: NaN, scoreB: NaN } as const;

/**
 * The vote of one question, from both orders: position bias cancels as far as it is the same for both.
 * @param ab probabilities with answer a shown first, @param ba with b shown first.
 */
export function voteOf(principle: string, ab: OrderProbabilities, ba: OrderProbabilities): Vote {
  const scoreA = (ab.pA + ba.pB) / 2;
  const scoreB = (ab.pB + ba.pA) / 2;
  const orders: Vote['orders'] = [probabilitiesOf(ab), probabilitiesOf(ba)];
  const said = orders.every(({ pA, pB }) => pA + pB >= LEAST_MASS);
  return { principle, winner: said ? larger(scoreA, scoreB) : null, scoreA, scoreB, orders };
}

/** The verdict of all questions: the majority of the votes, the mean score where they split. */
export function verdictOf(orders: TokenEvidence['orders'], votes: Vote[]): TokenVerdict {
  const scoreA = mean(votes.map((vote) => vote.scoreA));
  const scoreB = mean(votes.map((vote) => vote.scoreB));
  const evidence: TokenEvidence = { kind: 'token', orders, votes };
  const shared = { probability: scoreA / (scoreA + scoreB), scoreA, scoreB, evidence };
  if (votes.some(({ winner }) => winner === null)) {
    return { winner: null, reason: Number.isFinite(scoreA + scoreB) ? 'low-mass' : 'not-finite', ...shared };
  }
  const count = (side: 'a' | 'b') => votes.filter(({ winner }) => winner === side).length;
  const majority = larger(count('a'), count('b'));
  return { winner: majority === 'tie' ? larger(scoreA, scoreB) : majority, ...shared };
}

const probabilitiesOf = ({ pA, pB }: OrderProbabilities): OrderProbabilities => ({ pA, pB });

/** Whose number is larger. */
export function larger(a: number, b: number): 'a' | 'b' | 'tie' {
  if (a === b) return 'tie';
  return a > b ? 'a' : 'b';
}
