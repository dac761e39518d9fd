import { describe, expect, it } from 'vitest';
import { calibrationOf } from './calibration.js';

/** A question whose labelled answer is shown first in `ab`, by the probability that the judge gives it in both orders. */
const vote = (p: number, label: 'chosen' | 'rejected' = 'chosen') => {
  const [a, b] = label === 'chosen' ? [p, 1 - p] : [1 - p, p];
  return { label, ab: [a, b], ba: [b, a] };
};
const pair = (p: number, lengths?: number[], label?: 'chosen' | 'rejected') => ({
  lengths,
  votes: [vote(p, label)],
});

describe('calibrationOf', () => {
  it('compares confidence with how often it is right, bin by bin', () => {
    // 0.9 sure and right in 3 of 4, 0.55 sure and right in 1 of 2.
    const rows = [0.9, 0.9, 0.9, 0.1, 0.55, 0.45].map((p) => pair(p));
    const of = calibrationOf(rows)!;
    expect(of).toMatchObject({ pairs: 6, questions: 6, unanswered: 0, firstRate: 0.5 });
    expect(of.bins.map(({ questions, accuracy }) => [questions, accuracy.value])).toEqual([
      [2, 0.5],
      [4, 0.75],
    ]);
    expect(of.bins.map(({ confidence }) => confidence)).toEqual([
      expect.closeTo(0.55, 9) as number,
      expect.closeTo(0.9, 9) as number,
    ]);
    expect(of.error).toBeCloseTo((4 * 0.15 + 2 * 0.05) / 6, 9);
    // A wider interval for fewer.
    expect(of.bins[0].accuracy.low).toBeLessThan(of.bins[1].accuracy.low);
  });

  it('tells by the length of the labelled answer, whichever it is', () => {
    const of = calibrationOf([
      pair(0.8, [9, 5]),
      pair(0.2, [5, 9]),
      pair(0.8, [5, 9], 'rejected'),
      pair(0.8, [7, 7]),
    ])!;
    expect(of.byLength.map(({ name, questions, accuracy }) => [name, questions, accuracy.value])).toEqual([
      ['the better answer is the longer one', 2, 1],
      ['the better answer is the shorter one', 1, 0],
    ]);
  });

  it('knows a judge that names who is shown first: half right, with no confidence', () => {
    const first = { votes: [{ label: 'chosen', ab: [0.9, 0.1], ba: [0.9, 0.1] }] };
    const of = calibrationOf([first, first])!;
    expect(of.firstRate).toBe(1);
    expect(of.bins).toMatchObject([{ questions: 2, confidence: 0.5, accuracy: { value: 0.5 } }]);
  });

  it('has the interval of the pairs where a pair has several questions', () => {
    const several = { votes: Array.from({ length: 10 }, () => vote(0.8)) };
    const one = { votes: [vote(0.8)] };
    const [many, single] = [several, one].map((row) => calibrationOf([row, row])!.bins[0].accuracy);
    expect([many.low, many.n]).toEqual([single.low, 2]);
  });

  it('leaves out what has no verdict, and rows that are none of judged pairs', () => {
    const silent = { votes: [{ label: 'chosen', ab: [1e-9, 0], ba: [0, 1e-9] }] };
    expect(calibrationOf([pair(0.8), silent])).toMatchObject({ pairs: 2, questions: 2, unanswered: 1 });
    expect(calibrationOf([])).toBeUndefined();
    const strange = [{}, { votes: [] }, { votes: [{ label: 'c', ab: [1, 0], ba: [0, 1] }] }];
    expect(
      calibrationOf([...strange, { votes: [{ label: 'chosen', ab: [null, 0], ba: [0, 1] }] }]),
    ).toBeUndefined();
  });
});
