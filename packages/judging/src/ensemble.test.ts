import { describe, expect, it } from 'vitest';
import { ensemble, membersOf } from './ensemble.js';
import type { Judge } from './judge.js';
import { larger, type Verdict } from './verdict.js';

const sure = (probability: number): Verdict => ({
  winner: larger(probability, 0.5),
  scoreA: probability,
  scoreB: 1 - probability,
  probability,
});
const none: Verdict = { winner: null, scoreA: NaN, scoreB: NaN, probability: NaN, reason: 'too-long' };
const saying = (...verdicts: Verdict[]): Judge => ({ compare: async () => verdicts });
const pairs = (count: number) => Array.from({ length: count }, () => ({ prompt: 'p', a: 'x', b: 'y' }));

describe('ensemble', () => {
  it('takes the weighted mean of the probabilities', async () => {
    const judges = [saying(sure(0.75), sure(0.25)), saying(sure(0.5), sure(0.75))];
    const even = await ensemble(judges).compare(pairs(2));
    expect(even.map(({ winner, probability }) => [winner, probability])).toEqual([
      ['a', 0.625],
      ['tie', 0.5],
    ]);
    const [first, second] = await ensemble(judges, { weights: [3, 1] }).compare(pairs(2));
    expect(first).toMatchObject({ winner: 'a', probability: 0.6875, scoreA: 0.6875, scoreB: 0.3125 });
    expect(second).toMatchObject({ winner: 'b', probability: 0.375 });
    expect(second.evidence).toEqual({ kind: 'ensemble', members: [sure(0.25), sure(0.75)] });
  });

  it('by votes counts winners, whatever scales they come from; equal votes are a tie', async () => {
    const judges = [
      saying(sure(0.51), sure(0.51), none),
      saying(sure(0.52), sure(0.01), sure(0.5)),
      saying(sure(0), sure(0.5), none),
    ];
    const said = await ensemble(judges, { by: 'votes' }).compare(pairs(3));
    expect(said.map(({ winner, probability }) => [winner, probability])).toEqual([
      ['a', 2 / 3],
      ['tie', 0.5],
      ['tie', 0.5],
    ]);
    const [weighed] = await ensemble(judges, { by: 'votes', weights: [1, 1, 3] }).compare(pairs(3));
    expect(weighed).toMatchObject({ winner: 'b', probability: 0.4 });
    expect(membersOf(weighed)).toEqual([sure(0.51), sure(0.52), sure(0)]);
    expect(membersOf(sure(1))).toEqual([sure(1)]);
  });

  it('leaves out who has no verdict, and has none where nobody has', async () => {
    const judges = [
      saying(none, none),
      saying(sure(0.25), none),
      saying(sure(0.5), { ...none, reason: undefined }),
    ];
    const [first, second] = await ensemble(judges, { weights: [9, 1, 3] }).compare(pairs(2));
    expect(first).toMatchObject({ winner: 'b', probability: 0.4375 });
    expect(second).toMatchObject({ winner: null, reason: 'no-member', detail: 'too-long, no reason given' });
    expect(second.evidence.members).toHaveLength(3);
  });

  it('says its progress as of one work, ends between judges, and refuses what is no verdict', async () => {
    const told: number[] = [];
    const steady: Judge = {
      compare: async (of, { onProgress } = {}) => {
        of.forEach((_, i) => onProgress?.(i + 1, of.length));
        return of.map(() => sure(1));
      },
    };
    await ensemble([steady, steady]).compare(pairs(4), { onProgress: (done) => told.push(done) });
    expect(told).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
    const stop = new AbortController();
    const stopping: Judge = { compare: async () => (stop.abort(new Error('enough')), [sure(1)]) };
    const stopped = ensemble([stopping, steady]).compare(pairs(1), { signal: stop.signal });
    await expect(stopped).rejects.toThrow('enough');
    await expect(ensemble([saying(sure(2))]).compare(pairs(1))).rejects.toThrow(
      '[ensemble] verdicts[0].probability',
    );
  });
});
