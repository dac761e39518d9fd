// Against the published package on made annotations (benchmarks/peers/alpaca_eval_rates.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alpacaEvalLengthControlled, alpacaEvalRates } from './alpacaEval.js';
import { l1Logistic } from './l1Logistic.js';

interface Rates {
  win_rate: number;
  standard_error: number;
  discrete_win_rate: number;
  n_wins: number;
  n_wins_base: number;
  n_draws: number;
  n_total: number;
  length_controlled_winrate: number;
  lc_standard_error: number;
}
interface Case {
  difficulty: number[];
  lengths: [number, number][];
  preference: number[];
  gamed: { preference: number[]; std_delta_len: number[] }[];
  rates: Rates;
}
const url = new URL('../../../benchmarks/peers/fixtures/alpaca_eval_rates.json', import.meta.url);
const { plain, cases } = JSON.parse(readFileSync(url, 'utf8')) as { plain: Rates; cases: Case[] };
const close = (value: number) => expect.closeTo(value, 9) as number;
const printed = (of: Rates) => ({
  winRate: close(of.win_rate),
  standardError: close(of.standard_error),
  discreteWinRate: close(of.discrete_win_rate),
  wins: of.n_wins,
  losses: of.n_wins_base,
  draws: of.n_draws,
  n: of.n_total,
});

it('plain rates: both ways of writing a tie, and none at all', () => {
  const preferences = [1, 2, 1.5, 0, 1.2, 1.9, 2, NaN];
  expect(alpacaEvalRates(preferences.map((preference) => ({ preference })))).toEqual(printed(plain));
});

describe('length-controlled', () => {
  it.each(cases)('as the package prints it: $rates.length_controlled_winrate', (of) => {
    const annotations = of.preference.map((preference, i) => ({
      preference,
      lengths: of.lengths[i],
      difficulty: of.difficulty[i],
    }));
    expect(alpacaEvalRates(annotations)).toEqual(printed(of.rates));
    const gamed = of.gamed.flatMap(({ preference, std_delta_len: deltas }) =>
      preference.map((share, i) => ({
        preference: share,
        deltaInDeviations: deltas[i],
        difficulty: of.difficulty[i],
      })),
    );
    const { winRate, standardError } = alpacaEvalLengthControlled(annotations, gamed);
    expect(Math.abs(winRate - of.rates.length_controlled_winrate)).toBeLessThan(0.05);
    expect(Math.abs(standardError - of.rates.lc_standard_error)).toBeLessThan(0.05);
    // It takes away what length wins: the plain rate is far from it.
    expect(Math.abs(winRate - of.rates.win_rate)).toBeGreaterThan(3);
  });

  it('refuses lengths that tell nothing', () => {
    const same = [1, 2].map((preference) => ({ preference, lengths: [5, 9] as const, difficulty: 0 }));
    expect(() => alpacaEvalLengthControlled(same, [])).toThrow('unequal numbers of characters');
  });
});

it('l1Logistic is at the minimum: slopes of kept weights are the penalty, others below it', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    x: [Math.sin(i), Math.cos(3 * i), i % 2],
    y: 1 / (1 + Math.exp(-2 * Math.sin(i))),
    weight: 1 + (i % 3),
  }));
  const c = 0.3;
  const w = l1Logistic(rows, c);
  const slopes = w.map((_, k) =>
    rows.reduce((sum, { x, y, weight }) => {
      const z = x.reduce((total, one, i) => total + one * w[i], 0);
      return sum + c * weight * (1 / (1 + Math.exp(-z)) - y) * x[k];
    }, 0),
  );
  expect(w.some((one) => one === 0)).toBe(true);
  w.forEach((one, k) => {
    if (one === 0) expect(Math.abs(slopes[k])).toBeLessThanOrEqual(1);
    else expect(slopes[k]).toBeCloseTo(-Math.sign(one), 8);
  });
});
