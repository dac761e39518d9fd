import type { PreferencePair } from '@selfjudge/data';
import type { PairLengths } from '../options/pairLengths.js';
import { staying } from '../pairs/pairLengths.js';
import { left, type Prepared } from './prepare.js';

/**
 * Of prepared pairs those that teach by their lengths (`pairLengths`); the others are left out as `length-balance`. Says what stays.
 * @param rows what the examples are of, by id
 */
export function teachingPairs<T extends { id: string }>(
  data: Prepared<T>,
  rows: readonly PreferencePair[],
  { pairLengths, seed }: { pairLengths: PairLengths; seed: number },
  note: (line: string) => void,
): Prepared<T> {
  if (pairLengths === 'all') return data;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const pairs = data.examples.map(({ id }) => {
    const row = byId.get(id)!;
    return { row, chosen: row.chosen.length, rejected: row.rejected.length };
  });
  const stays = staying(pairs, pairLengths, seed);
  const kept = pairs.filter((_, i) => stays[i]);
  const longer = kept.filter(({ chosen, rejected }) => chosen > rejected).length;
  const shorter = kept.filter(({ chosen, rejected }) => chosen < rejected).length;
  note(
    `pair_lengths ${pairLengths}: ${kept.length} of ${pairs.length} pairs teach which answer is better: the longer one in ` +
      `${longer}, the shorter one in ${shorter}, equally long in ${kept.length - longer - shorter}`,
  );
  const gone = pairs.flatMap(({ row, chosen, rejected }, i) => {
    const reason = `answers of ${chosen} and ${rejected} characters`;
    return stays[i] ? [] : [left(row, { code: 'length-balance', reason })];
  });
  return {
    ...data,
    examples: data.examples.filter((_, i) => stays[i]),
    dropped: [...data.dropped, ...gone],
  };
}
