import { mean } from '@selfjudge/base';
import { check, list, number, tuple } from '@selfjudge/base/checks';
import { isVerdict, type Verdict } from './verdict.js';

/** How a judge behaves, beyond being right. NaN where there was nothing to measure. */
export interface JudgeBehaviour {
  /** Share of pairs whose two orders name the same answer; the first question counts. */
  positionConsistency: number;
  /** Share of single orders that name the response shown first; 0.5 without position bias. */
  firstRate: number;
  /** Mean of |scoreA - scoreB|. */
  margin: number;
  /** Mean probability of the two verdict tokens together. */
  abMass: number;
  tieRate: number;
  /** Share of null verdicts. */
  invalidRate: number;
  /** Share of decided pairs of different length that the longer answer wins; 0.5 without length bias. */
  lengthBias: number;
}

/** Lengths of two answers, in any one unit. */
export const isLengths = tuple(number({ min: 0 }), number({ min: 0 }));

/**
 * @param lengths of both answers of each pair, in any one unit.
 */
export function judgeBehaviour(
  verdicts: readonly Verdict[],
  lengths: readonly (readonly [a: number, b: number])[],
): JudgeBehaviour {
  check('judgeBehaviour', { verdicts }, { verdicts: list(isVerdict) });
  check('judgeBehaviour', { lengths }, { lengths: list(isLengths, verdicts.length) });
  const valid = verdicts.filter(({ winner }) => winner !== null);
  const orders = valid.flatMap((verdict) => verdict.orders);
  const longerWins = verdicts.flatMap(({ winner }, i) => {
    const [a, b] = lengths[i];
    if (a === b || winner === null || winner === 'tie') return [];
    return [winner === 'a' ? a > b : b > a];
  });
  return {
    positionConsistency: share(
      valid.map(({ orders: [ab, ba] }) => Math.sign(ab.pA - ab.pB) === Math.sign(ba.pB - ba.pA)),
    ),
    firstRate: mean(orders.map(({ pA, pB }) => (pA === pB ? 0.5 : Number(pA > pB)))),
    margin: mean(valid.map(({ scoreA, scoreB }) => Math.abs(scoreA - scoreB))),
    abMass: mean(orders.map(({ pA, pB }) => pA + pB)),
    tieRate: share(verdicts.map(({ winner }) => winner === 'tie')),
    invalidRate: share(verdicts.map(({ winner }) => winner === null)),
    lengthBias: share(longerWins),
  };
}

function share(values: boolean[]): number {
  return mean(values.map(Number));
}
