// Against the values of statsmodels, scikit-learn and RewardBench's own functions (benchmarks/peers/trust_statistics.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wilson } from './estimate.js';
import { cohenKappa } from './kappa.js';
import { mcnemar, type McNemar } from './mcnemar.js';
import { reliabilityOf } from './reliability.js';
import { judgeTrust } from './judgeTrust.js';
import { rewardBench, weightedMean } from './rewardBench.js';
import { rewardBench2, type RewardBench2Row } from './rewardBench2.js';

interface Fixture {
  wilson: { successes: number; n: number; interval: [number, number] }[];
  kappa: { said: [string, string][]; kappa: number; low: number; high: number }[];
  mcnemar: McNemar[];
  reliability: {
    probability: number[];
    label: number[];
    brier: number;
    accuracy: number[];
    confidence: number[];
    counts: number[];
    error: number;
  };
  reward_bench: {
    counts: Record<string, number>;
    right: Record<string, number>;
    sections: Record<string, number>;
    score: number;
  };
  reward_bench_2: {
    ties: { id: string; num_correct: number; scores: number[] }[];
    ties_score: number;
    best: { scores: number[]; result: number }[];
  };
}
const url = new URL('../../../benchmarks/peers/fixtures/trust_statistics.json', import.meta.url);
const fixture = JSON.parse(readFileSync(url, 'utf8')) as Fixture;
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const close = (value: number) => expect.closeTo(value, 10) as number;

it('wilson', () => {
  for (const { successes, n, interval } of fixture.wilson) {
    const { low, high } = wilson(successes, n);
    expect([low, high]).toEqual(interval.map(close));
  }
});

describe('cohenKappa', () => {
  it.each(fixture.kappa)('as statsmodels has it, $kappa', ({ said, kappa, low, high }) => {
    expect(cohenKappa(said)).toEqual({
      value: close(kappa),
      low: close(low),
      high: close(Math.min(1, high)),
      n: said.length,
    });
  });

  it('is none where chance explains all, or nothing was said', () => {
    expect(cohenKappa([]).value).toBeNaN();
    expect(cohenKappa(repeat(5, ['a', 'a'] as const)).value).toBeNaN();
    expect(cohenKappa([...repeat(5, ['a', 'a'] as const), ...repeat(5, ['b', 'b'] as const)])).toMatchObject({
      value: 1,
      low: 1,
      high: 1,
    });
  });
});

describe('mcnemar', () => {
  it.each(fixture.mcnemar)('$first against $second: $p', ({ p, ...counts }) => {
    const right = [
      ...repeat(counts.both, [true, true] as const),
      ...repeat(counts.first, [true, false] as const),
      ...repeat(counts.second, [false, true] as const),
      ...repeat(counts.neither, [false, false] as const),
    ];
    expect(mcnemar(right)).toEqual({ ...counts, p: expect.closeTo(p, 9) as number });
  });

  it('says nothing of two that never differ', () => {
    expect(mcnemar([]).p).toBe(1);
  });
});

it('reliability, expected calibration error and Brier score', () => {
  const { probability, label, brier, accuracy, confidence, counts, error } = fixture.reliability;
  const trust = judgeTrust(
    probability.map((p, i) => ({
      verdict: {
        winner: p > 0.5 ? ('a' as const) : ('b' as const),
        scoreA: p,
        scoreB: 1 - p,
        probability: p,
      },
      label: label[i] === 1 ? ('a' as const) : ('b' as const),
      lengths: [1, 1],
    })),
  );
  const { bins, ...of } = trust.calibration!;
  expect(of).toEqual({ pairs: 400, brier: close(brier), error: close(error) });
  expect(bins.map((bin) => bin.accuracy.value)).toEqual(accuracy.map(close));
  expect(bins.map((bin) => bin.confidence)).toEqual(confidence.map(close));
  expect(bins.map(({ answers }) => answers)).toEqual(counts);
  expect(reliabilityOf([]).error).toBeNaN();
});

describe('RewardBench', () => {
  const { counts, right, sections, score } = fixture.reward_bench;
  const rows = Object.entries(counts).flatMap(([subset, n]) => [
    ...repeat(right[subset], { subset, winner: 'a' as const }),
    ...repeat(n - right[subset], { subset, winner: 'b' as const }),
  ]);

  it('weighs subsets and sections as its own functions do', () => {
    const of = rewardBench(rows);
    expect(Object.fromEntries(of.sections.map((one) => [one.name, one.score.value]))).toEqual(
      Object.fromEntries(Object.entries(sections).map(([name, value]) => [name, close(value)])),
    );
    expect(of.score).toMatchObject({ value: close(score), n: rows.length });
    expect(of.others).toBe(0);
  });

  it('is strict, names what is missing, and has no score of a part', () => {
    const {
      subsets,
      sections: some,
      score: none,
      others,
    } = rewardBench([
      { subset: 'donotanswer', winner: 'tie' },
      { subset: 'donotanswer', winner: null },
      { subset: 'donotanswer', winner: 'a' },
      { subset: 'mine', winner: 'a' },
    ]);
    expect(subsets[0].accuracy).toMatchObject({ value: 0.5, n: 3 });
    expect(some).toMatchObject([{ name: 'Safety', missing: expect.arrayContaining(['refusals-dangerous']) }]);
    expect([none, others]).toEqual([undefined, 1]);
  });

  it('the interval of one part is its own, and narrower of several', () => {
    const part = { weight: 2, estimate: wilson(7, 10) };
    const one = weightedMean([part]);
    for (const bound of ['value', 'low', 'high'] as const)
      expect(one[bound]).toBeCloseTo(part.estimate[bound], 12);
    const two = weightedMean([part, part]);
    expect(two.high - two.value).toBeCloseTo((one.high - one.value) / Math.SQRT2, 12);
  });
});

describe('RewardBench 2', () => {
  /** What a judge says that goes by scores. */
  const rowOf = (id: string, subset: string, right: number[], wrong: number[]): RewardBench2Row => ({
    id,
    subset,
    scores: { right, wrong },
    winners: right.map((x) => wrong.map((y) => (x === y ? 'tie' : x > y ? 'a' : 'b'))),
  });
  const { ties, ties_score: tiesScore, best } = fixture.reward_bench_2;
  const tied = ties.map(({ id, num_correct: count, scores }) =>
    rowOf(id, 'Ties', scores.slice(0, count), scores.slice(count)),
  );

  it('best of four: a shared place counts its share', () => {
    const rows = best.map(({ scores: [right, ...wrong] }, i) => rowOf(`${i}`, `${i}`, [right], wrong));
    expect(rewardBench2(rows).subsets.map(({ accuracy }) => accuracy.value)).toEqual(
      best.map(({ result }) => result),
    );
    const lost = { id: '1', subset: 'Math', winners: [['a', null, 'a']] } as const;
    expect(rewardBench2([lost]).score).toBe(0);
  });

  it('the ties subset by the published formula', () => {
    expect(rewardBench2(tied).ties!.score).toBeCloseTo(tiesScore, 12);
    expect(rewardBench2(tied).score).toBeCloseTo(tiesScore, 12);
  });

  it('of a judge without scores says who wins alone', () => {
    const { ties: said, score } = rewardBench2(tied.map((row) => ({ ...row, scores: undefined })));
    const { ref, tied: several } = rewardBench2(tied).ties!;
    expect(said).toEqual({ ref, tied: several });
    expect(score).toBeNaN();
  });
});
