import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { bradleyTerry, type Comparison } from './bradleyTerry.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** So many comparisons of random players, won as strengths say. */
function played(theta: readonly number[], count: number, random: Random): Comparison[] {
  return Array.from({ length: count }, () => {
    const [a, b] = random.shuffled(theta.map((_, i) => i));
    return { a, b, points: Number(random.uniform() < sigmoid(theta[a] - theta[b])) };
  });
}

describe('bradleyTerry', () => {
  it('solves two players as they are solved by hand', () => {
    // With w of n wins and the prior, the mode is where w - n sigmoid(d) + 1/2 - sigmoid(d / 2) is 0.
    const [first, second] = bradleyTerry(
      2,
      [...Array(7)].map((_, i) => ({ a: 0, b: 1, points: i < 5 ? 1 : 0 })),
    );
    const d = first.strength - second.strength;
    expect(5 - 7 * sigmoid(d) + 0.5 - sigmoid(d / 2)).toBeCloseTo(0, 10);
    expect(first.strength).toBeCloseTo(-second.strength, 12);
    // Var(d) is 1 / (n p q + half of the prior's curvature), and a strength is half of d.
    const information = 7 * sigmoid(d) * sigmoid(-d) + 0.5 * sigmoid(d / 2) * sigmoid(-d / 2);
    expect(first.high - first.strength).toBeCloseTo((1.959963984540054 * Math.sqrt(1 / information)) / 2, 10);
  });

  it('is finite for one that won or lost all, and does not know who never met anybody', () => {
    const all = bradleyTerry(3, [{ a: 0, b: 1, points: 1 }]);
    expect(all.every(({ strength, low, high }) => low < strength && strength < high)).toBe(true);
    expect(
      all.map(({ strength }) => Math.round(Math.sign(strength) * Number(Math.abs(strength) > 1e-9)) + 0),
    ).toEqual([1, -1, 0]);
    expect(bradleyTerry(1, [])[0].strength).toBe(0);
  });

  it('takes ties for half wins, and the order of comparisons for nothing', () => {
    const random = new Random(5);
    const games = played([1, 0, -1, 0.5], 60, random);
    const shuffled = bradleyTerry(4, random.shuffled(games));
    bradleyTerry(4, games).forEach(({ strength, low }, i) => {
      expect(shuffled[i].strength).toBeCloseTo(strength, 10);
      expect(shuffled[i].low).toBeCloseTo(low, 10);
    });
    const tied = bradleyTerry(2, [{ a: 0, b: 1, points: 0.5 }]);
    const both = bradleyTerry(
      2,
      [1, 0].map((points) => ({ a: 0, b: 1, points })),
    );
    expect(tied.map(({ strength }) => strength)).toEqual([0, 0]);
    expect(both[0].strength).toBeCloseTo(0, 12);
  });

  it('finds strengths, in its intervals 95 times in 100', () => {
    const theta = [1.2, 0.4, 0, -0.5, -1.1];
    let held = 0;
    for (let seed = 0; seed < 100; seed++) {
      bradleyTerry(5, played(theta, 150, new Random(seed))).forEach(({ low, high }, i) => {
        held += Number(low <= theta[i] && theta[i] <= high);
      });
    }
    expect(held / 500).toBeGreaterThan(0.93);
    expect(held / 500).toBeLessThan(0.985);
  });
});
