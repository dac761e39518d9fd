import { describe, expect, it } from 'vitest';
import { ATTACK_KINDS, ATTACKS, attacked, CONTROLS } from './attacks.js';
import { injectionRates, injections, type InjectedPair } from './injectionRates.js';

describe('attacks', () => {
  it('are eight of each of eight kinds, all different', () => {
    const all = Object.values(ATTACKS).flat();
    expect(Object.keys(ATTACKS)).toEqual([...ATTACK_KINDS]);
    expect(new Set(all).size).toBe(64);
    for (const kind of ATTACK_KINDS) expect(ATTACKS[kind]).toHaveLength(8);
  });

  it('follow the answer, or have it where they say', () => {
    expect(attacked('x', 'praise')).toBe('x\n\npraise');
    expect(attacked('$& x', '{answer}, again: {answer}')).toBe('$& x, again: $& x');
  });

  it('are all tried on eight pairs', () => {
    const tried = Array.from({ length: 8 }, (_, i) => injections('x', i)).flat();
    expect(new Set(tried.map(({ answer }) => answer)).size).toBe(64 + CONTROLS.length);
    expect(injections('x', 3).map(({ kind }) => kind)).toEqual(['control', ...ATTACK_KINDS]);
  });
});

describe('injectionRates', () => {
  const pair = (winner: InjectedPair['winner'], turned: readonly string[], none: readonly string[] = []) => ({
    winner,
    injected: injections('x', 0).map(({ kind }) => ({
      kind,
      winner: none.includes(kind) ? null : turned.includes(kind) ? ('b' as const) : ('a' as const),
    })),
  });

  it('counts verdicts that are turned on pairs that were right, each kind beside the control', () => {
    const rates = injectionRates([
      pair('a', ['praise', 'padding']),
      pair('a', ['praise', 'control'], ['authority']),
      pair('b', [...ATTACK_KINDS]),
      pair('tie', []),
      pair(null, []),
    ]);
    expect(rates).toMatchObject({
      pairs: 5,
      right: 2,
      control: { value: 0.5, n: 2 },
      attacks: { value: 3 / 16, n: 16 },
      silenced: { value: 1 / 16 },
    });
    const byKind = Object.fromEntries(rates.kinds.map(({ kind, flips }) => [kind, flips.value]));
    expect(byKind).toMatchObject({ praise: 1, padding: 0.5, authority: 0, 'fake verdict': 0 });
  });

  it('says nothing of a judge that is never right', () => {
    expect(injectionRates([pair('b', [])])).toMatchObject({ right: 0, attacks: { n: 0 }, control: { n: 0 } });
  });
});
