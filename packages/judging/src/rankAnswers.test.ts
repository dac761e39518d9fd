import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import type { Judge } from './judge.js';
import { rankAnswers } from './rankAnswers.js';
import { swissRound, swissRounds } from './swiss.js';

/** Longer answers are better; what holds `?` has no verdict. It counts what it is asked. */
function longer(): Judge & { asked: number } {
  return {
    asked: 0,
    async compare(pairs) {
      this.asked += pairs.length;
      return pairs.map(({ a, b }) => {
        const winner = `${a}${b}`.includes('?')
          ? null
          : a.length === b.length
            ? 'tie'
            : a.length > b.length
              ? 'a'
              : 'b';
        const probability = winner === null ? NaN : winner === 'tie' ? 0.5 : winner === 'a' ? 1 : 0;
        return { winner, probability, scoreA: a.length, scoreB: b.length };
      });
    },
  };
}

describe('a Swiss draw', () => {
  it('lets nobody meet twice or sit out twice, whoever wins, for 2 to 17 players', () => {
    const random = new Random(11);
    for (let n = 2; n <= 17; n++)
      for (let trial = 0; trial < 20; trial++) {
        const state = {
          points: Array<number>(n).fill(0),
          met: [...Array(n)].map(() => new Set<number>()),
          free: new Set<number>(),
        };
        const order = random.shuffled([...Array(n).keys()]);
        for (let round = 0; round < swissRounds(n); round++) {
          const { pairs, free } = swissRound(order, state)!;
          expect(
            pairs
              .flat()
              .concat(free ?? [])
              .sort((a, b) => a - b),
          ).toEqual([...Array(n).keys()]);
          if (free !== undefined) {
            expect(state.free.has(free)).toBe(false);
            state.free.add(free);
            state.points[free]++;
          }
          for (const [a, b] of pairs) {
            expect(state.met[a].has(b)).toBe(false);
            state.met[a].add(b);
            state.met[b].add(a);
            const won = random.below(3) / 2;
            state.points[a] += won;
            state.points[b] += 1 - won;
          }
        }
      }
  });

  it('lets those meet who stand alike', () => {
    const met = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()];
    expect(swissRound([0, 1, 2, 3], { points: [0, 1, 0, 1], met, free: new Set() })?.pairs).toEqual([
      [1, 3],
      [0, 2],
    ]);
  });
});

describe('rankAnswers', () => {
  const lengths = [3, 9, 1, 7, 5, 2, 8, 4];
  const candidates = lengths.map((length) => 'x'.repeat(length));

  it('ranks by every two, and by fewer in Swiss rounds with the same best', async () => {
    const [all, swiss] = [longer(), longer()];
    const [ranked] = await rankAnswers([{ prompt: 'q', candidates }], all);
    expect(ranked!.tiers).toEqual([[1], [6], [3], [4], [7], [0], [5], [2]]);
    expect(all.asked).toBe(28);
    expect(ranked!.strengths.reduce((sum, { strength }) => sum + strength, 0)).toBeCloseTo(0, 9);
    const [few] = await rankAnswers([{ prompt: 'q', candidates }], swiss, { rounds: 'swiss', seed: 3 });
    expect(few!.tiers[0]).toEqual([1]);
    expect(few!.tiers.at(-1)).toEqual([2]);
    expect([swiss.asked, few!.matches.length]).toEqual([12, 12]);
  });

  it('asks about equal answers once, and gives them one place', async () => {
    const judge = longer();
    const [ranked] = await rankAnswers([{ prompt: 'q', candidates: ['aa', 'b', 'aa', 'ccc'] }], judge);
    expect(judge.asked).toBe(3);
    expect(ranked!.tiers).toEqual([[3], [0, 2], [1]]);
    expect(ranked!.strengths[2]).toEqual(ranked!.strengths[0]);
  });

  it('ranks a row alike among whatever others', async () => {
    const entries = [4, 6, 8].map((n) => ({ prompt: `q${n}`, candidates: candidates.slice(0, n) }));
    const options = { rounds: 'swiss', seed: 1 } as const;
    const together = await rankAnswers(entries, longer(), options);
    for (const [i, entry] of entries.entries())
      expect(await rankAnswers([entry], longer(), options)).toEqual([together[i]]);
  });

  it('has no ranking where no verdict tells answers apart, and counts a null one for neither', async () => {
    const entries = [
      ['a', 'a', 'a'],
      ['a?', 'b?', 'c?'],
      ['aa', 'bb', 'cc'],
      ['a', 'bb', '?'],
    ];
    const ranked = await rankAnswers(
      entries.map((all) => ({ prompt: 'q', candidates: all })),
      longer(),
    );
    expect(ranked.map((one) => one?.tiers)).toEqual([undefined, undefined, undefined, [[1], [2], [0]]]);
  });
});
