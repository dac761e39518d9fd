import { ArgumentError } from '@selfjudge/base';

/**
 * The processes that train one run together. All make the same calls in the same order; each blocks until the others have come.
 */
export interface Ranks {
  /** From 0. Rank 0 alone prints and writes. */
  readonly rank: number;
  readonly size: number;
  /**
   * @param own what structured cloning keeps, at most 256 MiB of it
   * @returns what every rank gave, in the order of ranks
   * @throws RankError when a rank does not answer
   */
  gather<T>(own: T): T[];
  /** Sends values to `peer` and returns as many of its own. @throws RankError when it does not answer */
  exchange(values: Float32Array, peer: number): Float32Array;
  /** The same on all ranks: in a job, when it began. */
  now(): Date;
  /** Says that from here on this process ends as all others do, whatever its exit code is. */
  endTogether(): void;
}

/** A process alone. */
export const ONE_RANK: Ranks = {
  rank: 0,
  size: 1,
  gather: (own) => [own],
  exchange(_, peer) {
    throw new ArgumentError('peer', { where: 'exchange', expected: 'none, in one process', received: peer });
  },
  now: () => new Date(),
  endTogether: () => {},
};

/** The contiguous part of `items` that is number `part` of `parts`: sizes differ by one at most, and a part may be empty. */
export function partOf<T>(items: readonly T[], part: number, parts: number): T[] {
  const edge = (i: number) => Math.floor((i * items.length) / parts);
  return items.slice(edge(part), edge(part + 1));
}

/**
 * Work that gives a result an item, whatever the others are: each rank does its part, and all have all results, in order.
 * @throws ArgumentError where `work` gives another number of results than it got items
 */
export async function shareOut<T, R>(
  ranks: Ranks,
  items: readonly T[],
  work: (part: readonly T[]) => Promise<R[]>,
): Promise<R[]> {
  if (ranks.size === 1) return work(items);
  const own = partOf(items, ranks.rank, ranks.size);
  const results = own.length > 0 ? await work(own) : [];
  if (results.length !== own.length)
    throw new ArgumentError('results', {
      where: 'shareOut',
      expected: `${own.length}, one of each item`,
      received: results.length,
    });
  return ranks.gather(results).flat();
}
