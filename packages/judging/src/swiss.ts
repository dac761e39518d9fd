/** Whom a player met, and the points so far. */
export interface Standing {
  /** By index. */
  points: number[];
  met: ReadonlySet<number>[];
  /** Who had no opponent in some round. */
  free: ReadonlySet<number>;
}

/** Who meets in a round, and who of an odd number has no opponent. */
export interface SwissRound {
  pairs: [number, number][];
  free?: number;
}

/** Rounds that leave one player without a loss: as many as a knock-out has. */
export const swissRounds = (players: number): number => Math.ceil(Math.log2(players));

/**
 * The next Swiss round: players of like points meet, no two twice, and nobody is without an opponent twice; the one who is, is the last
 * who can be.
 * @param order of the players where points are equal
 * @returns undefined where there is no such round
 */
export function swissRound(
  order: readonly number[],
  { points, met, free }: Standing,
): SwissRound | undefined {
  const ranked = [...order].sort((a, b) => points[b] - points[a]);
  if (ranked.length % 2 === 0) {
    const pairs = pairedOff(ranked, met);
    return pairs && { pairs };
  }
  for (const out of ranked.toReversed()) {
    if (free.has(out)) continue;
    const pairs = pairedOff(
      ranked.filter((one) => one !== out),
      met,
    );
    if (pairs !== undefined) return { pairs, free: out };
  }
  return undefined;
}

/** The first player meets the next who was not met, so that the rest can be paired off too. */
function pairedOff(
  [first, ...rest]: readonly number[],
  met: readonly ReadonlySet<number>[],
): [number, number][] | undefined {
  if (first === undefined) return [];
  for (const other of rest) {
    if (met[first].has(other)) continue;
    const others = pairedOff(
      rest.filter((one) => one !== other),
      met,
    );
    if (others !== undefined) return [[first, other], ...others];
  }
  return undefined;
}
