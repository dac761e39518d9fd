// The example of judges: its rows are what its page says, its pairs are disjoint, labels turned as often as they should be.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { readRows } from '../examples/hh-smollm2/settings.mjs';
import { becauseOf, labelled, prepare } from '../examples/judges-smollm2/data.mjs';
import { figuresOf } from '../examples/judges-smollm2/figures.mjs';
import { judgesPage } from '../examples/judges-smollm2/page.mjs';
import { CELLS } from '../examples/judges-smollm2/settings.mjs';
import { markdown } from '../testbed/blocks.mjs';
import { writeRows } from './support/tinyModel.js';

const folder = mkdtempSync(join(tmpdir(), 'judges-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the page is that of the committed rows', () => {
  const committed = fileURLToPath(new URL('../docs/results/judges-smollm2.md', import.meta.url));
  const { title, sections } = judgesPage();
  expect(readFileSync(committed, 'utf8')).toBe(markdown(title, sections));
});

it('no two cells have a name or options in common', () => {
  const of = (key: 'name' | 'options') => new Set(CELLS.map((cell) => JSON.stringify(cell[key])));
  expect([of('name').size, of('options').size]).toEqual([CELLS.length, CELLS.length]);
});

it('turns as many labels as it says, those of fewer among them, and takes those of others', () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({
    prompt: [{ role: 'user', content: `${i}?` }],
    chosen: `good ${i}`,
    rejected: `bad ${i}`,
    isFlipped: i % 5 === 0,
    reason: `it is good ${i}`,
    ...(i % 4 > 0 && { ai: i % 4 === 1 ? 'rejected' : 'chosen' }),
  }));
  const turned = (labels: string | number, seed = 1) =>
    (labelled(rows, labels, seed) as { chosen: string; rationales?: object }[]).flatMap(
      ({ chosen, rationales }) => {
        // A reason for the other answer would be taught beside it.
        expect(rationales !== undefined).toBe(chosen.startsWith('good'));
        return chosen.startsWith('bad') ? [chosen] : [];
      },
    );
  expect(turned('people')).toEqual([]);
  expect(turned('flips')).toHaveLength(80);
  expect(turned('ai')).toHaveLength(100);
  expect(labelled(rows, 'ai', 1)).toHaveLength(300);
  const [few, many] = [turned(10), turned(40)];
  expect(Math.abs(few.length - 40)).toBeLessThan(20);
  expect(Math.abs(many.length - 160)).toBeLessThan(35);
  expect(many).toEqual(expect.arrayContaining(few));
  expect(turned(10, 2)).not.toEqual(few);
});

it('says reasons of both orders', () => {
  expect(becauseOf('Response 2 is better because it says more than Response 1.', '2')).toBe(
    'it says more than the other response.',
  );
  expect(becauseOf('Response 1 lists three; response 2 none.', '1')).toBe(
    'the better response lists three; the other response none.',
  );
  expect(becauseOf(' ', '1')).toBeUndefined();
});

it('figures are of the files of a row', () => {
  const test = Array.from({ length: 60 }, (_, i) => ({
    prompt: [{ role: 'user', content: `${i}?` }],
    chosen: 'c'.repeat(10 + (i % 7) * 9),
    rejected: 'r'.repeat(30),
  }));
  // Right on two of three, in both orders alike; the first is silent.
  const verdicts = test.map((_, i) => {
    const [p, q] = i % 3 === 0 ? [0.2, 0.6] : [0.6, 0.2];
    const orders = [
      { rendered: '', p_a: p, p_b: q },
      { rendered: '', p_a: q, p_b: p },
    ];
    return i === 0
      ? { winner: null, probability: null, orders: [], error: 'refused' }
      : { winner: p > q ? 'a' : 'b', probability: p / 0.8, orders };
  });
  writeRows(folder, 'test.jsonl', test);
  writeRows(join(folder, 'trust'), 'verdicts.jsonl', verdicts);
  const accuracy = { value: 2 / 3, low: 0.5, high: 0.8, n: 60 };
  writeRows(folder, 'trust.json', [{ trust: { pairs: 60, accuracy, nulls: { value: 1 / 60 } } }]);
  writeRows(folder, 'rewards.jsonl', [
    { completion: 'aa', finish: 'stop', reward: 1, other: 'b', otherReward: 0 },
    { completion: 'aa', finish: 'length', reward: 1, other: 'bbb', otherReward: 1 },
  ]);
  writeRows(folder, 'train.jsonl', [...test.slice(0, 4), { ...test[0], chosen: 'c'.repeat(99) }]);
  const figures = figuresOf(folder, join(folder, 'test.jsonl'), { lengths: 'near', seed: 1 });
  // Of answers of 10, 19, 28, 37 and 99 characters one is about as long as 30.
  expect(figures.taught).toBe(1);
  expect(figures.right).toBe(`-${'110'.repeat(20)}`.slice(0, 60));
  expect(figures.judge).toMatchObject({ pairs: 60, accuracy: { value: 2 / 3 }, flips: undefined });
  expect(figures.equal).toMatchObject({ after: { accuracy: { value: expect.any(Number) } } });
  expect(figures.answers).toMatchObject({
    win: { value: 0.75 },
    characters: 2,
    otherCharacters: 2,
    cut: 0.5,
  });
  expect(figures).not.toHaveProperty('attacks');
  writeRows(folder, 'test.jsonl', test.slice(1));
  expect(() => figuresOf(folder, join(folder, 'test.jsonl'), { lengths: 'all', seed: 1 })).toThrow(
    'expected 59 verdicts, received 60',
  );
});

const shared = fileURLToPath(new URL('../../shared/data/', import.meta.url));
it.skipIf(!existsSync(shared))('has disjoint pairs of each set (skipped without ../shared)', async () => {
  const paths: Record<string, string> = await prepare(join(folder, 'data'), {
    helpful: join(shared, 'hh/helpful.train.jsonl.gz'),
    harmless: join(shared, 'hh/harmless.train.jsonl.gz'),
    pandalm: join(shared, 'judge/pandalm_human999.jsonl.gz'),
    reasons: join(shared, 'judge/pandalm_gpt35_rationale.jsonl.gz'),
    ultra: join(shared, 'ultrafeedback/train1000.jsonl.gz'),
    flips: join(shared, 'ultrafeedback/label_flip_20.flips.jsonl'),
  });
  const rows = (name: string) =>
    readRows(paths[name]) as { prompt: { content: string }[]; isFlipped?: boolean }[];
  const count = Object.fromEntries(Object.keys(paths).map((name) => [name, rows(name).length]));
  expect(count).toMatchObject({
    'helpful.train': 256,
    'pandalm.test': 200,
    'ultra.train': 205,
    'ultra.test': 97,
  });
  for (const set of ['helpful', 'harmless', 'pandalm', 'ultra']) {
    const questions = (part: string) =>
      new Set(rows(`${set}.${part}`).map(({ prompt }) => prompt[0].content));
    const [train, test] = [questions('train'), questions('test')];
    expect([...test].filter((question) => train.has(question))).toEqual([]);
  }
  const share = rows('ultra.train').filter(({ isFlipped }) => isFlipped).length / 205;
  expect(Math.abs(share - 0.2)).toBeLessThan(0.05);
});
