import type { Verdict } from '@selfjudge/judging';
import { expect, it } from 'vitest';
import { judgeTrust } from './judgeTrust.js';
import type { Better } from './points.js';
import type { TrustPair } from './trustPair.js';

const verdict = (winner: Verdict['winner'], margin = 1): Verdict => ({
  winner,
  scoreA: winner === 'a' ? margin : 0,
  scoreB: winner === 'b' ? margin : 0,
  probability: winner === 'a' ? 0.9 : winner === 'b' ? 0.1 : 0.5,
});
const pair = (
  winner: Verdict['winner'],
  label: Better,
  lengths: [number, number],
  more: Partial<TrustPair> = {},
): TrustPair => ({ verdict: verdict(winner), label, lengths, ...more });

it('accuracy by the side that is longer, at about equal length, and what rules without a look score', () => {
  const trust = judgeTrust([
    pair('a', 'a', [200, 100]),
    pair('a', 'b', [200, 100]),
    pair('b', 'b', [100, 105]),
    pair('tie', 'a', [100, 100]),
    pair(null, 'a', [1, 2]),
  ]);
  expect(trust).toMatchObject({
    pairs: 5,
    accuracy: { value: 2.5 / 4, n: 4 },
    alwaysLonger: { value: 2.5 / 4, n: 4 },
    alwaysFirst: { value: 2 / 4, n: 4 },
    length: {
      longerBetter: { value: 1, n: 2 },
      shorterBetter: { value: 0, n: 1 },
      near: { value: 1.5 / 2, n: 2 },
      longerWins: { value: 1, n: 3 },
      longerLabelled: { value: 2 / 3, n: 3 },
    },
  });
  expect(trust).not.toHaveProperty('self');
  expect(trust).not.toHaveProperty('people');
});

it('knows nothing of an order that is the label, and nothing of pairs without one', () => {
  expect(judgeTrust([pair('a', 'a', [1, 2], { ordered: true })])).not.toHaveProperty('alwaysFirst');
  const bare = judgeTrust([{ verdict: verdict('a'), lengths: [1, 2] }]);
  expect(Object.keys(bare)).toEqual(['pairs', 'ties', 'nulls']);
});

it('own answers against others of equal rating, and beside what people say', () => {
  const me = { writers: ['me', 'other'] as const };
  const other = { writers: ['other', 'me'] as const };
  const { self } = judgeTrust(
    [
      pair('a', 'tie', [1, 1], me),
      pair('b', 'tie', [1, 1], other),
      pair('b', 'tie', [1, 1], me),
      pair('a', 'b', [1, 1], me),
      pair('a', 'a', [1, 1], { writers: ['other', 'third'] }),
      pair('a', 'a', [1, 1], { writers: ['me', 'me'] }),
    ],
    'me',
  );
  expect(self).toMatchObject({
    equal: { value: 2 / 3, n: 3 },
    judge: { value: 3 / 4, n: 4 },
    labels: { value: 1.5 / 4, n: 4 },
  });
});

it('by margin, in groups of equally many from the closest', () => {
  const pairs = Array.from({ length: 100 }, (_, i): TrustPair => ({
    verdict: verdict('a', i + 1),
    label: i >= 50 ? 'a' : 'b',
    lengths: [1, 1],
  })).reverse();
  const groups = judgeTrust(pairs).byMargin!;
  expect(groups.map(({ from, to, accuracy }) => [from, to, accuracy.value, accuracy.n])).toEqual([
    [1, 20, 0, 20],
    [21, 40, 0, 20],
    [41, 60, 0.5, 20],
    [61, 80, 1, 20],
    [81, 100, 1, 20],
  ]);
  expect(judgeTrust(pairs.slice(0, 3)).byMargin).toHaveLength(1);
});

it('kappa with each person, and of each two of them', () => {
  const people = (one: Better, two: Better): Partial<TrustPair> => ({ people: { one, two } });
  const { people: of } = judgeTrust([
    pair('a', 'a', [1, 1], people('a', 'a')),
    pair('b', 'b', [1, 1], people('b', 'b')),
    pair('a', 'a', [1, 1], people('a', 'b')),
    pair('b', 'b', [1, 1], people('b', 'a')),
    pair(null, 'b', [1, 1], people('b', 'a')),
  ]);
  expect(of!.judge.map(({ person, kappa }) => [person, kappa.value, kappa.n])).toEqual([
    ['one', 1, 4],
    ['two', 0, 4],
  ]);
  expect(of!.each).toMatchObject([{ people: ['one', 'two'], kappa: { n: 5 } }]);
});

it('a probability that several principles outvote is calibrated as it stands', () => {
  const outvoted: TrustPair = {
    verdict: { winner: 'b', scoreA: 0.65, scoreB: 0.35, probability: 0.65 },
    label: 'b',
    lengths: [1, 1],
  };
  const { accuracy, calibration } = judgeTrust([outvoted]);
  expect(accuracy!.value).toBe(1);
  expect(calibration!.bins).toMatchObject([{ low: 0.6, high: 0.7, accuracy: { value: 0 } }]);
});
