import { Random } from '@selfjudge/base';
import { expect, it } from 'vitest';
import { staying, type ChosenLengths } from './pairLengths.js';

/** The better answer is mostly the longer one, the more so the more they differ. */
function pairs(count: number): ChosenLengths[] {
  const random = new Random(4);
  return Array.from({ length: count }, () => {
    const [one, other] = [1, 2].map(() => Math.round(Math.exp(5 + 0.6 * random.normal())));
    const longerWins = random.uniform() < 0.5 + 0.2 * Math.min(1, Math.abs(Math.log(one / other)));
    const [long, short] = [Math.max(one, other), Math.min(one, other)];
    return longerWins ? { chosen: long, rejected: short } : { chosen: short, rejected: long };
  });
}
const all = pairs(600);
const kept = (seed: number) => all.filter((_, i) => staying(all, 'balanced', seed)[i]);
const longer = (of: readonly ChosenLengths[]) => of.filter(({ chosen, rejected }) => chosen > rejected);

it('balanced: as often the longer as the shorter one, also where lengths differ much or little', () => {
  expect(longer(all).length).toBeGreaterThan(320);
  const stays = kept(1);
  expect(stays.length).toBeGreaterThan(400);
  const apart = ({ chosen, rejected }: ChosenLengths) => Math.abs(Math.log((chosen + 1) / (rejected + 1)));
  for (const [from, to] of [
    [0, 0.1],
    [0.1, 0.25],
    [0.25, 0.5],
    [0.5, 1],
    [1, 2],
    [2, Infinity],
  ]) {
    const size = stays.filter((pair) => apart(pair) > from && apart(pair) <= to);
    expect(2 * longer(size).length).toBe(size.length);
  }
  // Nothing of the rarer kind is lost, nor of what has one length.
  const shorterBefore = all.filter(({ chosen, rejected }) => chosen < rejected).length;
  expect(stays.filter(({ chosen, rejected }) => chosen < rejected).length).toBeGreaterThan(
    0.95 * shorterBefore,
  );
  const equal = (of: readonly ChosenLengths[]) =>
    of.filter(({ chosen, rejected }) => chosen === rejected).length;
  expect(equal(stays)).toBe(equal(all));
});

it('the seed says which, the same one the same', () => {
  expect(kept(1)).toEqual(kept(1));
  expect(kept(2)).toHaveLength(kept(1).length);
  expect(kept(2)).not.toEqual(kept(1));
});

it('near: those that differ by at most a tenth; all: all', () => {
  const some = [
    { chosen: 100, rejected: 90 },
    { chosen: 89, rejected: 100 },
    { chosen: 0, rejected: 0 },
  ];
  expect(staying(some, 'near', 0)).toEqual([true, false, true]);
  expect(staying(some, 'all', 0)).toEqual([true, true, true]);
});
