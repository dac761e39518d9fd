import { mean } from '@selfjudge/base/internal';
import { tokenEvidence, type Verdict } from './verdict.js';

/**
 * How a judge behaves, beyond being right. NaN where there was nothing to measure; what only the evidence of a token judge
 * tells is absent where no verdict has it.
 */
export interface JudgeBehaviour extends Partial<TokenBehaviour> {
  /** Mean of |scoreA - scoreB|, on the judge's own scale. */
  margin: number;
  tieRate: number;
  /** Share of null verdicts. */
  invalidRate: number;
  /** Share of decided pairs of different length that the longer answer wins; to be read beside how often it is better. */
  longerRate: number;
}

/** Of both orders of every question. */
interface TokenBehaviour {
  /** Share of questions whose two orders name the same answer. */
  positionConsistency: number;
  /** Share of single orders that name the response shown first; 0.5 without position bias. */
  firstRate: number;
  /** Mean probability of the two verdict tokens together. */
  abMass: number;
}

/**
 * @param lengths of both answers of each pair, in any one unit.
 */
export function judgeBehaviour(
  verdicts: readonly Verdict[],
  lengths: readonly (readonly [a: number, b: number])[],
): JudgeBehaviour {
  const valid = verdicts.filter(({ winner }) => winner !== null);
  const longerWins = verdicts.flatMap(({ winner }, i) => {
    const [a, b] = lengths[i];
    if (a === b || winner === null || winner === 'tie') return [];
    return [winner === 'a' ? a > b : b > a];
  });
  return {
    ...tokenBehaviour(verdicts),
    margin: mean(valid.map(({ scoreA, scoreB }) => Math.abs(scoreA - scoreB))),
    tieRate: share(verdicts.map(({ winner }) => winner === 'tie')),
    invalidRate: share(verdicts.map(({ winner }) => winner === null)),
    longerRate: share(longerWins),
  };
}

/** @returns nothing where no verdict shows its votes */
function tokenBehaviour(verdicts: readonly Verdict[]): TokenBehaviour | undefined {
  const votes = verdicts.flatMap((verdict) => tokenEvidence(verdict)?.votes ?? []);
  if (votes.length === 0) return undefined;
  const valid = votes.filter(({ winner }) => winner !== null);
  const orders = valid.flatMap((vote) => vote.orders);
  return {
    positionConsistency: share(
      valid.map(({ orders: [ab, ba] }) => Math.sign(ab.pA - ab.pB) === Math.sign(ba.pB - ba.pA)),
    ),
    firstRate: mean(orders.map(({ pA, pB }) => (pA === pB ? 0.5 : Number(pA > pB)))),
    abMass: mean(orders.map(({ pA, pB }) => pA + pB)),
  };
}

function share(values: boolean[]): number {
  return mean(values.map(Number));
}
