import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isError } from '@selfjudge/base';
import { afterAll, beforeEach, expect, it } from 'vitest';

import { loadPreferences, loadPrompts } from '../load.js';
import { DEFAULT_FRACTIONS, splitOf } from '../split.js';
import { rated } from '../testing/shapes.js';
import { preparedAmong, readLineage } from './lineage.js';
import { prepareFolder, type Preparing } from './prepareFolder.js';
import type { PrepareOptions } from './prepareOptions.js';

const all = mkdtempSync(join(tmpdir(), 'selfjudge-prepare-'));
afterAll(() => rmSync(all, { recursive: true }));
let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(all, 'test-'));
  out = join(folder, 'out');
});
function file(name: string, rows: readonly (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return path;
}

const PLAIN: PrepareOptions = {
  promptFormat: 'standard',
  seed: 0,
  ngram: 5,
  dedup: true,
  conflicts: 'drop',
  near: 0,
};
const prepare = (
  files: readonly string[],
  options: Partial<PrepareOptions> = {},
  { against = [], ...hooks }: { against?: string[] } & Parameters<typeof prepareFolder>[2] = {},
) => prepareFolder(out, preparing(files, options, against), hooks);
const preparing = (
  files: readonly string[],
  options: Partial<PrepareOptions>,
  against: string[] = [],
): Preparing => ({
  files: files.map((path) => ({ path })),
  against: against.map((path) => ({ path })),
  options: { ...PLAIN, ...options },
  version: '1.2.3',
});

const linesOf = (name: string) =>
  readFileSync(join(out, name), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
/** What was left out, with lines in place of places. */
const removed = () =>
  linesOf('removed.jsonl').map(({ file, line, reason, of }) => {
    const { file: ofFile, line: ofLine } = (of ?? {}) as { file?: string; line?: number };
    return [
      `${basename(file as string)}:${line as number}`,
      reason,
      ...(of ? [`${basename(ofFile!)}:${ofLine}`] : []),
    ];
  });
const pair = (prompt: string, chosen: string, rejected: string) => ({ prompt, chosen, rejected });
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

it('keeps the first of rows that say the same, none of those that contradict each other, and says why', async () => {
  const a = file('a.jsonl', [
    { ...pair('q', 'yes', 'no'), source: 'x' },
    pair('r', 'yes', 'no'),
    'broken',
    pair('Q', 'YES', 'no'),
    pair('s', 'yes', ' '),
  ]);
  const b = file('b.jsonl', [pair('r', 'no', 'yes'), pair('r', 'yes', 'no'), pair('t', 'yes', 'no')]);
  const { lineage } = await prepare([a, b]);
  expect(linesOf('rows.jsonl')).toEqual([{ ...pair('q', 'yes', 'no'), source: 'x' }, pair('t', 'yes', 'no')]);
  expect(removed()).toEqual([
    ['a.jsonl:3', 'broken-line'],
    ['a.jsonl:4', 'duplicate', 'a.jsonl:1'],
    ['a.jsonl:5', 'empty-answer'],
    ['a.jsonl:2', 'conflict', 'b.jsonl:1'],
    ['b.jsonl:1', 'conflict', 'a.jsonl:2'],
    ['b.jsonl:2', 'duplicate', 'a.jsonl:2'],
  ]);
  expect(lineage).toMatchObject({
    read: 8,
    kept: 2,
    left_out: { 'broken-line': 1, duplicate: 2, 'empty-answer': 1, conflict: 2 },
  });
});

it.each([
  ['first', [pair('r', 'yes', 'no')], [2, 4]],
  ['keep', [pair('r', 'yes', 'no'), pair('r', 'no', 'yes')], [3, 4]],
] as const)('of contradictions %s', async (conflicts, kept, lines) => {
  const rows = [
    ['yes', 'no'],
    ['no', 'yes'],
    ['yes', 'no'],
    ['no', 'yes'],
  ].map(([c, r]) => pair('r', c, r));
  await prepare([file('a.jsonl', rows)], { conflicts });
  expect(linesOf('rows.jsonl')).toEqual(kept);
  const of = conflicts === 'first' ? lines : [];
  expect(
    linesOf('removed.jsonl')
      .filter(({ reason }) => reason === 'conflict')
      .map(({ line }) => line),
  ).toEqual(of);
});

it('rows that are nearly another go, and one that is taken back takes none with it to the wrong place', async () => {
  const words = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `w${from + i}`).join(' ');
  const rows = [
    pair(words(0, 50), words(100, 50), words(200, 50)),
    pair(`${words(0, 49)} other`, words(100, 50), words(200, 50)),
    pair(words(0, 50), words(300, 50), words(200, 50)),
    pair(words(0, 30), words(100, 50), words(200, 50)),
  ];
  await prepare([file('near.jsonl', rows)], { near: 0.8 });
  expect(linesOf('rows.jsonl')).toEqual([rows[0], rows[2], rows[3]]);
  expect(linesOf('removed.jsonl')).toEqual([
    {
      file: join(folder, 'near.jsonl'),
      line: 2,
      reason: 'near-duplicate',
      of: { file: join(folder, 'near.jsonl'), line: 1 },
      similarity: Number((45 / 47).toFixed(4)),
    },
  ]);
});

it('splits as training does, whatever else a row holds', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => pair(`question ${i}`, `yes ${i}`, 'no'));
  await prepare([file('a.jsonl', rows)], { split: DEFAULT_FRACTIONS });
  expect(readdirSync(out).sort()).toEqual(
    ['dev', 'lineage', 'removed', 'self', 'test', 'train'].map(
      (name) => `${name}.json${name === 'lineage' ? '' : 'l'}`,
    ),
  );
  for (const split of ['train', 'self', 'dev', 'test'] as const) {
    const own = rows.filter(({ prompt }) => splitOf({ text: prompt }) === split);
    expect(linesOf(`${split}.jsonl`)).toEqual(own);
    expect((await loadPrompts(join(out, `${split}.jsonl`), { split })).rows).toHaveLength(own.length);
  }
  out = join(folder, 'two');
  const { lineage } = await prepare([file('a.jsonl', rows)], {
    split: { train: 0.5, self: 0, dev: 0, test: 0.5 },
  });
  expect(Object.keys(lineage.files)).toEqual(['train.jsonl', 'test.jsonl']);
});

it('what shares words with a named set goes first, and takes no other row with it', async () => {
  const leak = 'the secret question of the test is this one';
  const against = [file('test.jsonl', [{ prompt: leak }, { x: 1 }])];
  const warnings: string[] = [];
  const rows = [
    pair(leak, 'a', 'b'),
    pair(`so ${leak}`, 'b', 'a'),
    pair('q', 'a', 'b'),
    pair('r', leak, 'b'),
  ];
  await prepare([file('a.jsonl', rows)], {}, { against, onWarning: (warning) => warnings.push(warning) });
  expect(linesOf('rows.jsonl')).toEqual([rows[2]]);
  expect(removed()).toEqual([1, 2, 4].map((line) => [`a.jsonl:${line}`, 'contaminated', 'test.jsonl:1']));
  expect(linesOf('removed.jsonl')[1].words).toBe('the secret question of the');
  expect(warnings).toEqual([expect.stringMatching(/^1 rows of against could not be read.*test.jsonl:2/s)]);
  out = join(folder, 'useless');
  await expect(
    prepare([file('a.jsonl', rows)], {}, { against: [file('none.jsonl', [{ x: 1 }])] }),
  ).rejects.toThrow(/none.jsonl:1: no usable row in against/);
  out = join(folder, 'many');
  const many = Array.from({ length: 12 }, (_, i) => pair(`${leak} ${i}`, 'a', 'b'));
  await prepare([file('many.jsonl', many)], {}, { against, onWarning: (warning) => warnings.push(warning) });
  expect(warnings.at(-1)).toMatch(/12 rows go for the same words.*"the secret question of the"/);
});

it('writes the columns that are read, so that files of several shapes are one, with all digits', async () => {
  const exact =
    '{"prompt":[{"role":"user","content":"q"}],"completion":"a","tools":[{"x":1.0,"y":12345678901234567890}]}';
  const uf = {
    instruction: 'u',
    completions: [rated('good', { honesty: '5' }), rated('bad', { honesty: '1' })],
  };
  const paths = [
    file('a.jsonl', [exact]),
    file('uf.jsonl', [uf]),
    file('b.csv', ['prompt,chosen,rejected', 'x,yes,no']),
  ];
  await prepare(paths);
  expect(readFileSync(join(out, 'rows.jsonl'), 'utf8').split('\n')[0]).toBe(exact);
  expect((await loadPreferences(join(out, 'rows.jsonl'))).rows.map(({ chosen }) => chosen)).toEqual([
    'good',
    'yes',
  ]);
});

it('mixes files by shares of their questions, the smaller share within the larger one', async () => {
  const rows = (name: string) =>
    Array.from({ length: 800 }, (_, i) => ({ ...pair(`question ${i >> 1}`, `yes ${i}`, 'no'), name }));
  const files = ['a', 'b'].map((name) => file(`${name}.jsonl`, rows(name)));
  const kept = async (mixture: number[]) => {
    out = join(folder, mixture.join('-'));
    const { lineage } = await prepare(files, { mixture, dedup: false });
    expect(lineage.read - lineage.kept).toBe(lineage.left_out['not-chosen']);
    return linesOf('rows.jsonl');
  };
  const few = await kept([1, 0.25]);
  expect(few.filter(({ name }) => name === 'a')).toHaveLength(800);
  const questions = few.filter(({ name }) => name === 'b').map(({ prompt }) => prompt);
  // Both rows of a question or none; 400 questions within four standard errors.
  expect(new Set(questions).size).toBe(questions.length / 2);
  expect(Math.abs(questions.length / 2 - 100)).toBeLessThan(35);
  const more = (await kept([0.5, 0.5])).filter(({ name }) => name === 'b').map(({ prompt }) => prompt);
  expect(questions.every((prompt) => more.includes(prompt))).toBe(true);
});

it('turns labels and names their source after all else, and says so', async () => {
  const rows = [pair('q', 'a', 'b'), pair('q', 'a', 'b'), pair('r', 'a', 'b')];
  const path = file('a.jsonl', rows);
  const { lineage } = await prepare([path], { labelNoise: 1, labelSource: 'human', near: 0.8 });
  const more = { label_source: 'human', label_flipped: true };
  expect(linesOf('rows.jsonl')).toEqual(['q', 'r'].map((prompt) => ({ ...pair(prompt, 'b', 'a'), ...more })));
  expect(lineage).toMatchObject({
    options: { label_noise: 1, label_source: 'human' },
    left_out: { duplicate: 1 },
  });
  out = join(folder, 'none');
  const warnings: string[] = [];
  const prompts = file('prompts.jsonl', [{ prompt: 'q' }]);
  await prepare([prompts], { labelNoise: 0.5 }, { onWarning: (warning) => warnings.push(warning) });
  expect(warnings).toEqual(['label_noise turns nothing: no row that is kept prefers anything']);
});

it('chooses rows first, and counts those that are not chosen', async () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ ...pair(`q${i}`, 'a', 'b'), n: i }));
  const { lineage } = await prepare([file('a.jsonl', rows)], { where: 'n < 50', sample: 10 });
  expect(lineage).toMatchObject({ read: 100, kept: 10, left_out: { 'not-chosen': 90 } });
  expect(linesOf('rows.jsonl').every(({ n }) => (n as number) < 50)).toBe(true);
});

it('keeps how the files were made, from file to file, and says when one was changed', async () => {
  const source = file('a.jsonl', [pair('q', 'a', 'b'), pair('r', 'a', 'b')]);
  const first = await prepare([source], { split: DEFAULT_FRACTIONS });
  const bytes = readFileSync(source);
  expect(first.lineage).toMatchObject({
    made_by: 'selfjudge data',
    version: '1.2.3',
    options: { conflicts: 'drop', prompt_format: 'standard' },
    inputs: [{ path: source, bytes: bytes.length, sha256: sha256(bytes) }],
  });
  for (const [name, { rows, bytes: size, sha256: digest }] of Object.entries(first.lineage.files)) {
    const content = readFileSync(join(out, name));
    expect([content.length, sha256(content), linesOf(name).length]).toEqual([size, digest, rows]);
  }
  const train = join(out, 'train.jsonl');
  const [from, then] = [out, join(folder, 'then')];
  out = then;
  const second = await prepare([train]);
  expect(second.lineage.inputs[0]).toMatchObject({ changed: false, lineage: first.lineage });
  expect(readLineage(then)).toEqual(JSON.parse(JSON.stringify(second.lineage)));
  appendFileSync(train, `${JSON.stringify(pair('s', 'a', 'b'))}\n`);
  expect(preparedAmong([train, source])).toMatchObject([{ path: train, changed: true }]);
  out = join(folder, 'changed');
  const warnings: string[] = [];
  await prepare([train], {}, { onWarning: (warning) => warnings.push(warning) });
  expect(warnings).toEqual([
    `${train} is not the file that ${join(from, 'lineage.json')} speaks of: it was changed after it was prepared`,
  ]);
});

it('the same again changes nothing, and another one is refused', async () => {
  const a = file('a.jsonl', [pair('q', 'a', 'b')]);
  expect((await prepare([a])).alreadyDone).toBe(false);
  const before = readFileSync(join(out, 'lineage.json'), 'utf8');
  expect((await prepare([a])).alreadyDone).toBe(true);
  const refused = async (files: string[], options: Partial<PrepareOptions>, message: RegExp) => {
    const failure: unknown = await prepare(files, options).catch((error: unknown) => error);
    expect(isError(failure, 'SJ_CONFIG') && failure.message).toMatch(message);
  };
  await refused(
    [a],
    { near: 0.9 },
    /output_dir: expected a folder that is not there yet.*prepared with other options/,
  );
  await refused([file('b.jsonl', [pair('r', 'a', 'b')])], {}, /prepared with other rows/);
  await refused(['-'], {}, /file: expected a file, whose digest can be kept, received the standard input/);
  expect(readFileSync(join(out, 'lineage.json'), 'utf8')).toBe(before);
  writeFileSync(join(out, 'rows.jsonl'), 'x');
  await refused([a], {}, /rows.jsonl was changed or removed/);
  out = join(folder, 'other');
  mkdirSync(out);
  writeFileSync(join(out, 'lineage.json'), '{}');
  await refused([a], {}, /which holds other things/);
  writeFileSync(join(out, 'lineage.json'), '{"made_by": "selfjudge data", "format": 2}');
  await expect(prepare([a])).rejects.toThrow(/lineage.json: expected what selfjudge data writes.*format/);
});

it('gives the same bytes in every run, and leaves nothing when it is stopped or the rows are written to meanwhile', async () => {
  const rows = Array.from({ length: 1000 }, (_, i) => pair(`question ${i % 900}`, `yes ${i % 7}`, 'no'));
  const a = file('a.jsonl', rows);
  await prepare([a], { near: 0.8, split: DEFAULT_FRACTIONS });
  const names = readdirSync(out);
  const first = names.map((name) => sha256(readFileSync(join(out, name))));
  out = join(folder, 'again');
  // What a process that was killed left behind is no part of it.
  mkdirSync(join(folder, '.again.partial'));
  writeFileSync(join(folder, '.again.partial', 'train.jsonl'), 'half');
  await prepare([a], { near: 0.8, split: DEFAULT_FRACTIONS });
  expect(names.map((name) => sha256(readFileSync(join(out, name))))).toEqual(first);
  out = join(folder, 'stopped');
  const controller = new AbortController();
  const stopped = prepare([a], {}, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(stopped).rejects.toThrow(/abort/);
  const written = prepare([a], {}, { onBegin: () => appendFileSync(a, '\n') });
  await expect(written).rejects.toThrow(/expected a file that stays as it is while it is read/);
  expect(readdirSync(folder).sort()).toEqual(['a.jsonl', 'again', 'out']);
  expect(existsSync(out)).toBe(false);
});
