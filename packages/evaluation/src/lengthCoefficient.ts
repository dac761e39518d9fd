import { Z, type Estimate } from './estimate.js';
import { lengthTrust, type LengthTrust } from './lengthTrust.js';
import { pointsOf, type Better } from './points.js';
import type { LabelledPair, TrustPair } from './trustPair.js';
import { refusal } from './temperature.js';
import { share } from './verdictSummary.js';

/** A judge's log-odds for a, ln of how many times as long a is as b, and the label: 1 for a, 0 for b, 0.5 for a tie. */
export interface LengthPoint {
  d: number;
  x: number;
  label: number;
}

/**
 * By how many nats a judge's log-odds rise with the log of the ratio of lengths, the label being equal: least squares of d on label and x. There is no
 * constant, for the same pair the other way round has both of other sign. The interval is that of White's (1980) variance.
 *
 * @throws ArgumentError where nothing tells length from label
 */
export function lengthCoefficient(points: readonly LengthPoint[]): Estimate {
  const rows = points.map(({ d, x, label }) => ({ d, x, s: 2 * label - 1 }));
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + of(row), 0);
  const [ss, sx, xx] = [sum(({ s }) => s * s), sum(({ s, x }) => s * x), sum(({ x }) => x * x)];
  const [sd, xd] = [sum(({ s, d }) => s * d), sum(({ x, d }) => x * d)];
  const determinant = ss * xx - sx * sx;
  if (!(determinant > 1e-9 * ss * xx))
    throw refusal(
      'pairs of answers of different length, of which the longer one is not always, and not never, the better',
      'others, which do not tell length from label',
    );
  const ofLabel = (xx * sd - sx * xd) / determinant;
  const value = (ss * xd - sx * sd) / determinant;
  const variance = sum(
    ({ d, x, s }) => (((ss * x - sx * s) / determinant) * (d - ofLabel * s - value * x)) ** 2,
  );
  const half = Z * Math.sqrt(variance);
  return { value, low: value - half, high: value + half, n: rows.length };
}

/** How often a judge is right, and what length has to do with it. */
export interface LengthScores extends LengthTrust {
  accuracy: Estimate;
}

/** Of labelled pairs where the winner is who some log-odds favour. @param points one a pair */
export function lengthScores<P>(
  labelled: readonly TrustPair[],
  oddsOf: (point: P, i: number) => number,
  points: readonly P[],
): LengthScores {
  const pairs = labelled.map((pair, i): LabelledPair => {
    const odds = oddsOf(points[i], i);
    const winner: Better = odds === 0 ? 'tie' : odds > 0 ? 'a' : 'b';
    return { ...pair, winner, label: pair.label! };
  });
  return {
    accuracy: share(pairs.map(({ winner, label }) => pointsOf(winner, label))),
    ...lengthTrust(pairs),
  };
}
