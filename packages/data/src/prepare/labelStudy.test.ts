import { expect, it } from 'vitest';

import type { Row } from '../convert.js';
import { readAny } from '../said.js';
import { studied, type LabelStudy } from './labelStudy.js';

const study = (row: Row, options: Partial<LabelStudy>) =>
  studied(row, readAny(row, 'standard').value!, { seed: 0, ...options });
const pair = (i: number) => ({ prompt: `q${i}`, chosen: 'a', rejected: 'b' });

it('turns what prefers, and leaves rationales with their answers', () => {
  const all = { labelNoise: 1 };
  const rationales = { honesty: { chosen: 'x', rejected: 'y' }, help: 'z' };
  expect(study({ ...pair(1), labels: { honesty: 'chosen' }, rationales }, all)).toEqual({
    row: {
      prompt: 'q1',
      chosen: 'b',
      rejected: 'a',
      labels: { honesty: 'chosen' },
      rationales: { honesty: { chosen: 'y', rejected: 'x' }, help: 'z' },
      label_flipped: true,
    },
    isFlipped: true,
  });
  const judged = (winner: unknown) => ({ prompt: 'q', completions: ['a', 'b'], winner });
  expect(study(judged('a'), all).row).toMatchObject({ winner: 'b' });
  expect(study(judged(1), all).row).toMatchObject({ winner: 'a', label_flipped: true });
  expect(study({ prompt: 'q', completion: 'a', label: false }, all).row).toMatchObject({ label: true });
  for (const row of [judged('tie'), { prompt: 'q' }, { prompt: 'q', completion: 'a' }])
    expect(study(row, all)).toEqual({ row });
});

it('draws each row by itself: in expectation, the smaller share within the larger one', () => {
  const flips = (labelNoise: number, seed = 0) =>
    Array.from({ length: 2000 }, (_, i) => study(pair(i), { labelNoise, seed }).isFlipped!);
  const [few, many] = [flips(0.2), flips(0.4)];
  const share = (all: boolean[]) => all.filter(Boolean).length / all.length;
  // Within four standard errors.
  expect(Math.abs(share(few) - 0.2)).toBeLessThan(0.036);
  expect(Math.abs(share(many) - 0.4)).toBeLessThan(0.044);
  expect(few.every((isFlipped, i) => !isFlipped || many[i])).toBe(true);
  expect(flips(0.2)).toEqual(few);
  expect(flips(0.2, 1)).not.toEqual(few);
  expect(flips(1).every(Boolean)).toBe(true);
});

it('names the source of labels where a row has none', () => {
  expect(study(pair(1), { labelSource: 'human' }).row).toEqual({ ...pair(1), label_source: 'human' });
  expect(study({ ...pair(1), label_source: 'AI' }, { labelSource: 'human' }).row.label_source).toBe('AI');
  expect(study(pair(1), {})).toEqual({ row: pair(1) });
});
