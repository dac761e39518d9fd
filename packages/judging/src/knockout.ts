/** A round of a knock-out: neighbours meet, and the last of an odd number has no opponent. */
export interface Pairing<T> {
  pairs: [T, T][];
  bye?: T;
}

export function neighbours<T>(left: readonly T[]): Pairing<T> {
  const pairs = Array.from({ length: Math.floor(left.length / 2) }, (_, i): [T, T] => [
    left[2 * i],
    left[2 * i + 1],
  ]);
  return left.length % 2 === 1 ? { pairs, bye: left[left.length - 1] } : { pairs };
}

/** Who is left for the next round: who had no opponent plays first, so that none sits out twice. */
export const nextRound = <T>(winners: readonly T[], { bye }: { bye?: T }): T[] =>
  bye === undefined ? [...winners] : [bye, ...winners];
