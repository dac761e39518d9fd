import { Random } from '@selfjudge/base';
import { logLengthRatio } from '@selfjudge/judging/internal';
import type { PairLengths } from '../options/pairLengths.js';

/** Lengths of a pair's answers, in characters. */
export interface ChosenLengths {
  chosen: number;
  rejected: number;
}

/** As `evaluate judge` counts answers that are about equally long. */
const NEAR = 0.1;
/** Upper ends of the sizes of difference, as |ln of the ratio of lengths|, each but the last. */
const SIZES = [0.1, 0.25, 0.5, 1, 2];

/** Keys the draw, beside what else a seed is for. */
const STREAM = 0x1e46;

const ratio = ({ chosen, rejected }: ChosenLengths): number => logLengthRatio([chosen, rejected]);
const sizeOf = (pair: ChosenLengths): number => SIZES.filter((end) => Math.abs(ratio(pair)) > end).length;
const isNear = ({ chosen, rejected }: ChosenLengths): boolean =>
  Math.abs(chosen - rejected) <= NEAR * Math.max(chosen, rejected);

/**
 * Which pairs stay, in their order: all; of each size of difference as many whose chosen answer is the longer as the shorter, those of the
 * more frequent kind drawn by the seed, and all of equal length; or those whose lengths differ by at most a tenth.
 */
export function staying(pairs: readonly ChosenLengths[], which: PairLengths, seed: number): boolean[] {
  if (which === 'all') return pairs.map(() => true);
  if (which === 'near') return pairs.map(isNear);
  const stays = pairs.map(({ chosen, rejected }) => chosen === rejected);
  for (let size = 0; size <= SIZES.length; size++) {
    const of = (sign: number) =>
      pairs.flatMap((pair, i) => (sizeOf(pair) === size && Math.sign(ratio(pair)) === sign ? [i] : []));
    const sides = [of(1), of(-1)];
    const least = Math.min(...sides.map(({ length }) => length));
    for (const side of sides)
      for (const i of new Random(seed, STREAM + size).shuffled(side).slice(0, least)) stays[i] = true;
  }
  return stays;
}
