import { expect, it } from 'vitest';

import { DEFAULT_FRACTIONS, firstUserTurn, splitOf } from './split.js';

it('depends on the first user turn alone, without case, white space and compatibility forms', () => {
  expect(firstUserTurn('  Ｗhat\n is\tﬁne? ')).toBe('what is fine?');
  for (let i = 0; i < 100; i++) {
    const split = splitOf(`Question ${i}?`);
    expect(splitOf(` question  ${i}?\n`)).toBe(split);
    expect(
      splitOf([
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: `QUESTION ${i}?` },
        { role: 'assistant', content: 'Why?' },
        { role: 'user', content: 'Because.' },
      ]),
    ).toBe(split);
  }
});

it('is the same in every run', () => {
  const counts = { train: 0, self: 0, dev: 0, test: 0 };
  for (let i = 0; i < 10_000; i++) counts[splitOf(`prompt ${i}`)]++;
  expect(['a', 'b', 'c', 'd', 'e'].map((text) => splitOf(text))).toEqual([
    'self',
    'train',
    'train',
    'train',
    'train',
  ]);
  for (const [split, fraction] of Object.entries(DEFAULT_FRACTIONS)) {
    expect(Math.abs(counts[split as 'train'] / 10_000 - fraction)).toBeLessThan(0.02);
  }
});

it('takes other fractions that add up to 1', () => {
  expect(splitOf('a', { train: 0, self: 0, dev: 0, test: 1 })).toBe('test');
  expect(() => splitOf('a', { train: 0.5, self: 0, dev: 0, test: 0 })).toThrow(/add up to 1/);
  expect(() => splitOf('a', { train: 2, self: -1, dev: 0, test: 0 })).toThrow(/add up to 1/);
});
