import { Random } from '@selfjudge/base';
import { expect, it } from 'vitest';

import { asked, preferred } from '../testing/said.js';
import { NearRows, shinglesOf, similarity, type Shingles } from './nearRows.js';

const text = (random: Random, words: number) =>
  Array.from({ length: words }, () => `w${random.below(100_000)}`).join(' ');
const like = (a: string, b: string) => similarity(shinglesOf(asked(a)), shinglesOf(asked(b)));

it('is the share of five words in a row that both have', () => {
  // 3 shingles of each, 2 of them common.
  expect(like('a b c d e f g', 'a b c d e f x')).toBe(2 / 4);
  expect(like('a b c', 'A, b: c!')).toBe(1);
  expect(like('a b c', 'a b d')).toBe(0);
  expect(like('a b c d', 'a b c d e')).toBe(0);
  expect(like('!', '?')).toBe(1);
});

it('is the lesser one of prompts and of answers', () => {
  const random = new Random(1);
  const long = text(random, 300);
  const [a, b] = ['yes it is so for us', 'no it is not so at all'];
  const row = (chosen: string, rejected: string) => shinglesOf(preferred(long, chosen, rejected));
  expect(similarity(row(a, b), row(b, a))).toBe(1);
  expect(similarity(row(a, b), row(a, 'other words than those of before'))).toBeCloseTo(2 / 7, 9);
  const labelled = shinglesOf(preferred(long, a, b, { labels: { honesty: 'chosen' } }));
  expect(similarity(row(a, b), labelled)).toBe(0);
  const otherPrompt = shinglesOf(preferred(text(random, 300), a, b));
  expect(similarity(row(a, b), otherPrompt)).toBe(0);
});

/** Sets of hashes that have a Jaccard index of `both / (both + 2 * own)`. */
function pair(random: Random, both: number, own: number): [Shingles, Shingles] {
  const hashes = (count: number) => Array.from({ length: count }, () => random.uint32());
  const common = hashes(both);
  const set = () => Uint32Array.from([...common, ...hashes(own)]).sort();
  return [
    { prompt: set(), answers: new Uint32Array() },
    { prompt: set(), answers: new Uint32Array() },
  ];
}

it.each([
  [0.5, 100, 50],
  [0.8, 160, 20],
  [0.9, 180, 10],
])('finds 99 of 100 rows at a threshold of %f, and none under it', (threshold, both, own) => {
  const random = new Random(3);
  const kept: Shingles[] = [];
  const near = new NearRows(threshold, (row) => kept[row]);
  const rounds = 300;
  let found = 0;
  for (let row = 0; row < rounds; row++) {
    const [first, second] = pair(random, both, own);
    const [below] = pair(random, both - 1, own + 1);
    near.add(first, kept.push(first) - 1);
    expect(near.find(below)).toBeUndefined();
    const match = near.find(second);
    if (match === undefined) continue;
    expect(match).toEqual({ row, similarity: threshold });
    found++;
  }
  expect(found / rounds).toBeGreaterThan(0.98);
});

it('finds nothing under the threshold, and counts rows that were not compared with all that begin alike', () => {
  const random = new Random(4);
  const kept: Shingles[] = [];
  const near = new NearRows(0.8, (row) => kept[row]);
  const [common] = pair(random, 79, 0);
  for (let i = 0; i < 150; i++) {
    const own = Array.from({ length: 11 }, () => random.uint32());
    const row = { ...common, prompt: Uint32Array.from([...common.prompt, ...own]).sort() };
    expect(near.find(row)).toBeUndefined();
    near.add(row, kept.push(row) - 1);
  }
  expect(near.cutShort).toBeGreaterThan(20);
});
