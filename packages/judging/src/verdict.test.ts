import { describe, expect, it } from 'vitest';
import { judgeBehaviour } from './metrics.js';
import { verdictOf, voteOf, type TokenEvidence, type Verdict, type Vote } from './verdict.js';

const order = (pA: number, pB: number) => ({ rendered: '', pA, pB });

describe('voteOf', () => {
  it('averages what each answer got in both orders', () => {
    const vote = voteOf('honesty', order(0.6, 0.2), order(0.1, 0.7));
    expect(vote).toEqual({
      principle: 'honesty',
      winner: 'a',
      scoreA: (0.6 + 0.7) / 2,
      scoreB: (0.2 + 0.1) / 2,
      orders: [
        { pA: 0.6, pB: 0.2 },
        { pA: 0.1, pB: 0.7 },
      ],
    });
  });

  it('is a tie where a judge only knows places', () => {
    expect(voteOf('', order(0.75, 0.25), order(0.75, 0.25)).winner).toBe('tie');
  });
});

describe('verdictOf', () => {
  const none: TokenEvidence['orders'] = [order(NaN, NaN), order(NaN, NaN)];
  const vote = (winner: Vote['winner'], scoreA: number, scoreB: number): Vote => ({
    principle: 'x',
    winner,
    scoreA,
    scoreB,
    orders: none,
  });

  it('goes by the majority, whatever the scores', () => {
    const verdict = verdictOf(none, [vote('a', 0.5, 0.4), vote('a', 0.5, 0.4), vote('b', 0, 1)]);
    expect(verdict.winner).toBe('a');
    expect(verdict.probability).toBeCloseTo(1 / 2.8);
  });

  it('goes by the mean score where the votes split', () => {
    expect(verdictOf(none, [vote('a', 0.6, 0.4), vote('b', 0.1, 0.9)]).winner).toBe('b');
    expect(verdictOf(none, [vote('a', 0.6, 0.4), vote('b', 0.4, 0.6)]).winner).toBe('tie');
  });

  it('is null where a probability is no number', () => {
    const votes = [voteOf('x', order(NaN, 0.5), order(0.5, 0.5)), vote('a', 1, 0)];
    expect(verdictOf(none, votes)).toMatchObject({ winner: null, reason: 'not-finite' });
  });

  it('is null where the two tokens hold less than a thousandth in some order', () => {
    const of = (ab: [number, number]) => verdictOf(none, [voteOf('x', order(...ab), order(0.2, 0.6))]);
    expect(of([0.0006, 0.0003])).toMatchObject({ winner: null, reason: 'low-mass', scoreA: 0.3003 });
    expect(of([0.0006, 0.0004]).winner).toBe('a');
  });
});

describe('judgeBehaviour', () => {
  const verdict = (ab: [number, number], ba: [number, number]): Verdict => {
    const orders: TokenEvidence['orders'] = [order(...ab), order(...ba)];
    return verdictOf(orders, [voteOf('overall', orders[0], orders[1])]);
  };

  it('measures consistency, place, mass and length', () => {
    const verdicts = [
      verdict([0.8, 0.2], [0.1, 0.8]), // a, consistently
      verdict([0.6, 0.2], [0.7, 0.2]), // always the first: b, by a hair
      verdict([0.5, 0.5], [0.5, 0.5]), // nothing
      verdict([NaN, 0], [0, 0]),
    ];
    const lengths: [number, number][] = [
      [10, 5],
      [10, 5],
      [3, 3],
      [1, 2],
    ];
    const measured = judgeBehaviour(verdicts, lengths);
    expect(measured.positionConsistency).toBeCloseTo(2 / 3);
    expect(measured.firstRate).toBeCloseTo((1 + 0 + 1 + 1 + 0.5 + 0.5) / 6);
    expect(measured.abMass).toBeCloseTo((1 + 0.9 + 0.8 + 0.9 + 1 + 1) / 6);
    expect(measured.margin).toBeCloseTo((0.65 + 0.05 + 0) / 3);
    expect(measured).toMatchObject({ tieRate: 0.25, invalidRate: 0.25, longerRate: 0.5 });
  });

  it('looks at both orders of every question', () => {
    const first = voteOf('x', order(0.8, 0.2), order(0.1, 0.8)); // a, whichever is shown first
    const second = voteOf('y', order(0.6, 0.4), order(0.7, 0.3)); // the one shown first
    const both = verdictOf([order(0.8, 0.2), order(0.1, 0.8)], [first, second]);
    expect(judgeBehaviour([both], [[1, 2]])).toMatchObject({ positionConsistency: 0.5, firstRate: 0.75 });
  });

  it('leaves out what only the evidence of a token judge tells', () => {
    const plain = { winner: 'a', scoreA: 3, scoreB: 1, probability: 0.9 } as const;
    const others = { margin: 2, tieRate: 0, invalidRate: 0, longerRate: 1 };
    expect(judgeBehaviour([plain], [[2, 1]])).toStrictEqual(others);
    const shown = { ...plain, evidence: { kind: 'ensemble', members: [] } };
    expect(
      judgeBehaviour(
        [plain, shown],
        [
          [2, 1],
          [2, 1],
        ],
      ),
    ).toStrictEqual(others);
    const mixed = judgeBehaviour(
      [plain, verdict([0.6, 0.2], [0.1, 0.7])],
      [
        [2, 1],
        [2, 1],
      ],
    );
    expect(mixed).toMatchObject({ positionConsistency: 1, firstRate: 0.5 });
  });
});
