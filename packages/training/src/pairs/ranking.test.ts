import { describe, expect, it } from 'vitest';
import { contestOf, type Contest } from './contest.js';
import { rankingOf } from './ranking.js';

type Outcome = 'a' | 'b' | 'tie' | 'cut' | 'null' | 'equal';

/** Contests of answers called 0, 1, 2, ...; `outcomes` in the order 0-1, 0-2, ..., 1-2, ... */
function contestsOf(count: number, outcomes: readonly Outcome[]): Contest[] {
  const prompt = { id: 'p', text: 'Why?', tokens: [9] };
  const answer = (n: number) => ({
    text: String(n),
    tokens: [n],
    logprobs: new Float32Array(1),
    finish: 'eos' as const,
  });
  const pairs = Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: count - i - 1 }, (_, k) => [i, i + 1 + k] as const),
  );
  expect(outcomes).toHaveLength(pairs.length);
  return pairs.map(([i, j], n) => {
    const outcome = outcomes[n];
    return {
      ...contestOf(prompt, answer(i), answer(j)),
      ...(outcome === 'a' || outcome === 'b' ? { fate: 'pair', winner: outcome } : { fate: outcome }),
    };
  });
}

/** The tiers by the numbers of their answers. */
const tiersOf = (count: number, ...outcomes: Outcome[]) =>
  rankingOf(contestsOf(count, outcomes), count)?.tiers.map((tier) => tier.map(({ tokens }) => tokens[0]));

describe('rankingOf', () => {
  it('ranks by the share of contests won', () => {
    expect(tiersOf(2, 'a')).toEqual([[0], [1]]);
    expect(tiersOf(2, 'b')).toEqual([[1], [0]]);
    expect(tiersOf(3, 'b', 'b', 'b')).toEqual([[2], [1], [0]]);
    expect(tiersOf(4, 'a', 'b', 'a', 'b', 'a', 'a')).toEqual([[2], [0], [1], [3]]);
  });

  it('leaves answers of equal shares in one tier: ties and circles', () => {
    expect(tiersOf(2, 'tie')).toBeUndefined();
    // 0 over 1, 1 over 2, 2 over 0.
    expect(tiersOf(3, 'a', 'b', 'a')).toBeUndefined();
    expect(tiersOf(3, 'tie', 'a', 'a')).toEqual([[0, 1], [2]]);
    // The same circle, above a fourth that loses to all.
    expect(tiersOf(4, 'a', 'b', 'a', 'a', 'a', 'a')).toEqual([[0, 1, 2], [3]]);
    // Half a point for a tie: 0 has 1.5, 1 has 1, 2 has 0.5.
    expect(tiersOf(3, 'tie', 'a', 'tie')).toEqual([[0], [1], [2]]);
  });

  it('counts only contests that were decided', () => {
    expect(tiersOf(3, 'null', 'a', 'a')).toEqual([[0, 1], [2]]);
    expect(tiersOf(3, 'cut', 'b', 'cut')).toEqual([[2], [0]]);
    expect(tiersOf(3, 'cut', 'cut', 'cut')).toBeUndefined();
    expect(tiersOf(2, 'null')).toBeUndefined();
  });

  it('has equal answers once', () => {
    expect(tiersOf(3, 'equal', 'a', 'a')).toEqual([[0], [2]]);
    // 2 is 1 again: what the judge said of it against 0 is not counted twice.
    expect(tiersOf(4, 'a', 'a', 'b', 'equal', 'b', 'b')).toEqual([[3], [0], [1]]);
    expect(tiersOf(3, 'equal', 'equal', 'equal')).toBeUndefined();
  });
});
