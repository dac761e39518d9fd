import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import type { JudgePair } from './pair.js';
import { tournament } from './tournament.js';
import type { Verdict } from './verdict.js';

/** The longer answer is the better one. */
function byLength({ a, b }: JudgePair): Verdict {
  const winner = a.length > b.length ? 'a' : b.length > a.length ? 'b' : 'tie';
  const probability = a.length / (a.length + b.length);
  return { winner, scoreA: a.length, scoreB: b.length, probability };
}

describe('tournament', () => {
  const candidates = ['x', 'xxx', 'xx', 'xxxxx', 'xxxx'];

  it('finds the best in n - 1 matches, with a bye for the odd one out', async () => {
    const calls: number[] = [];
    const compare = async (pairs: readonly JudgePair[]) => {
      calls.push(pairs.length);
      return pairs.map(byLength);
    };
    const [result] = await tournament([{ prompt: 'p', candidates }], { compare }, 1);
    expect(result.winner).toBe(3);
    expect(calls).toEqual([2, 1, 1]);
    expect(result.rounds.map(({ matches, bye }) => [matches.length, bye !== undefined])).toEqual([
      [2, true],
      [1, true],
      [1, false],
    ]);
    for (const { matches } of result.rounds) {
      for (const { a, b, winner, verdict } of matches) {
        expect(winner).toBe(candidates[a].length > candidates[b].length ? a : b);
        expect(verdict!.scoreA).toBe(candidates[a].length);
      }
    }
  });

  it('gives no candidate two byes, at any number of candidates', async () => {
    const compare = (pairs: readonly JudgePair[]) => Promise.resolve(pairs.map(byLength));
    for (let n = 2; n <= 33; n++) {
      const candidates = Array.from({ length: n }, (_, i) => 'x'.repeat(i + 1));
      const entries = Array.from({ length: 8 }, () => ({ prompt: 'p', candidates }));
      for (const { rounds, winner } of await tournament(entries, { compare }, n)) {
        const byes = rounds.flatMap(({ bye }) => (bye === undefined ? [] : [bye]));
        expect(new Set(byes).size).toBe(byes.length);
        // Who sat out plays in every later round until it loses.
        rounds.slice(1).forEach(({ matches }, i) => {
          const { bye } = rounds[i];
          if (bye !== undefined) expect([matches[0].a, matches[0].b]).toContain(bye);
        });
        expect(rounds.reduce((sum, { matches }) => sum + matches.length, 0)).toBe(n - 1);
        expect(winner).toBe(n - 1);
      }
    }
  });

  it('is fair: by a coin, each candidate wins as often as another', async () => {
    const random = new Random(3);
    const compare = (pairs: readonly JudgePair[]) =>
      Promise.resolve(
        pairs.map((): Verdict => {
          const winner = random.uniform() < 0.5 ? 'a' : 'b';
          return { winner, scoreA: 0.5, scoreB: 0.5, probability: 0.5 };
        }),
      );
    const draws = 6000;
    for (const n of [2, 3, 5, 9, 33]) {
      const candidates = Array.from({ length: n }, (_, i) => `${i}`);
      const entries = Array.from({ length: draws }, () => ({ prompt: 'p', candidates }));
      const wins = new Float64Array(n);
      for (const { winner } of await tournament(entries, { compare }, n)) wins[winner] += 1 / draws;
      // Three standard errors are 2 points at most.
      for (const share of wins) expect(Math.abs(share - 1 / n)).toBeLessThan(0.02);
    }
  });

  it('draws by seed and prompt alone, and judges all prompts together', async () => {
    const compare = (pairs: readonly JudgePair[]) => Promise.resolve(pairs.map(byLength));
    const entries = [0, 1, 2, 3].map((i) => ({ prompt: `${i}`, candidates }));
    const all = await tournament(entries, { compare }, 7);
    expect(await tournament(entries, { compare }, 7)).toEqual(all);
    expect(await tournament(entries.slice(0, 2), { compare }, 7)).toEqual(all.slice(0, 2));
    const draws = all.map(({ rounds }) => JSON.stringify(rounds[0].matches.map(({ a, b }) => [a, b])));
    expect(new Set(draws).size).toBeGreaterThan(1);
  });

  it('asks about no equal answers, and one candidate wins unopposed', async () => {
    const compare = (pairs: readonly JudgePair[]) => {
      expect(pairs).toEqual([]);
      return Promise.resolve([]);
    };
    const entries = [
      { prompt: 'p', candidates: ['same', 'same', 'same'] },
      { prompt: 'p', candidates: ['one'] },
    ];
    const [equal, single] = await tournament(entries, { compare }, 0);
    expect(equal.rounds).toHaveLength(2);
    expect(equal.rounds[0].matches[0].verdict).toBeUndefined();
    expect(single).toEqual({ winner: 0, rounds: [] });
    await expect(tournament([{ prompt: 'p', candidates: [] }], { compare }, 0)).rejects.toThrow(
      'entries[0].candidates',
    );
  });

  it('lets the first go on where there is no verdict', async () => {
    const none = { winner: null, scoreA: NaN, scoreB: NaN, probability: NaN };
    const compare = (pairs: readonly JudgePair[]) => Promise.resolve(pairs.map(() => none));
    const [{ winner, rounds }] = await tournament([{ prompt: 'p', candidates: ['1', '2'] }], { compare }, 3);
    expect(winner).toBe(rounds[0].matches[0].a);
  });
});
