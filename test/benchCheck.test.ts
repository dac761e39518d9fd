// pnpm bench --check: which ratios fell by more than their spread.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { checkLines, committedResults, compareWithCommitted, readResults } from '../benchmarks/check.mjs';

const result = (ratio: number | undefined, spread: number, other: object = {}) => ({
  name: 'gemm',
  shape: { M: 1, N: 2 },
  metric: 'time',
  device: 'cpu',
  ratio,
  spread,
  rounds: 3,
  ...other,
});
const run = (results: object[], other: object = {}) => ({
  bench: 'gemm',
  machine: { cpu: 'this one', cpu_model: '6-207-2', cores: 2, node: 'v20' },
  versions: { path: 'avx512', device: 'CPU, 2 threads', onednn: '3.2.0' },
  results,
  ...other,
});
const committed = (results: object[], other: object = {}) => ({
  ...run(results, other),
  file: 'a.gemm.json',
});
const NONE = { fallen: 0, held: 0, unmeasured: 0, fresh: 0, elsewhere: 0 };
const counts = (now: object, ...before: object[]) =>
  Object.fromEntries(
    Object.entries(compareWithCommitted(now, before)).map(([kind, found]) => [
      kind,
      (found as object[]).length,
    ]),
  );

describe('a ratio beside its committed one', () => {
  it.each([
    ['the same', 1, 0, 1, 0, 'held'],
    ['better', 2, 0, 1, 0, 'held'],
    ['within the spread of now', 0.85, 0.2, 1, 0.1, 'held'],
    ['within the spread of then', 0.85, 0.1, 1, 0.2, 'held'],
    ['just within', 0.75, 0.25, 1, 0.1, 'held'],
    ['below both', 0.85, 0.1, 1, 0.1, 'fallen'],
    ['a good one that is now less so', 1.5, 0.1, 2, 0.1, 'fallen'],
    ['just under the widest spread', 0.6, 0.299, 1, 0.1, 'fallen'],
    ['the same, of a wide spread now', 1, 0.3, 1, 0.1, 'unmeasured'],
    ['the same, of a wide spread then', 1, 0.1, 1, 0.3, 'unmeasured'],
    ['far below, of a wide spread', 0.2, 0.9, 1, 0.1, 'unmeasured'],
    ['of no spread', 1, NaN, 1, 0.1, 'unmeasured'],
    ['no number', NaN, 0.1, 1, 0.1, 'unmeasured'],
  ])('%s', (_, ratio, spread, before, spreadBefore, kind) => {
    const now = run([result(ratio, spread)]);
    expect(counts(now, committed([result(before, spreadBefore)]))).toEqual({ ...NONE, [kind]: 1 });
  });

  it('is not measured by one round, whose spread is 0', () => {
    const [one, more] = [result(1, 0, { rounds: 1 }), result(1, 0)];
    expect(counts(run([one]), committed([more]))).toEqual({ ...NONE, unmeasured: 1 });
    expect(counts(run([more]), committed([one]))).toEqual({ ...NONE, unmeasured: 1 });
  });

  it('is named with both and the file', () => {
    const now = result(0.5, 0.1);
    const before = result(1, 0.2);
    expect(compareWithCommitted(run([now]), [committed([before])]).fallen).toEqual([
      { now, before, file: 'a.gemm.json', spread: 0.2 },
    ]);
  });

  it('is of the same peer: two peers do the same work', () => {
    const [transformers, llama] = ['transformers 5.23.0, bf16', 'llama.cpp (node-llama-cpp 3.22.1), Q4_1'];
    const before = [result(2, 0.1, { peer_name: transformers }), result(1, 0.1, { peer_name: llama })];
    const now = run([result(1.1, 0.1, { peer_name: transformers }), result(1, 0.1, { peer_name: llama })]);
    expect(counts(now, committed(before))).toEqual({ ...NONE, fallen: 1, held: 1 });
  });

  it('is of the same peer in whichever way that is fastest', () => {
    const [now, before] = ['grouped', 'repeated'].map((way) => [
      result(1, 0.1, { peer_name: `PyTorch 2.15.0, ${way} heads` }),
    ]);
    expect(counts(run(now), committed(before))).toEqual({ ...NONE, held: 1 });
  });
});

it.each([
  ['name', [result(1, 0, { name: 'other' })], {}],
  ['shape', [result(1, 0, { shape: { M: 2, N: 2 } })], {}],
  ['metric', [result(1, 0, { metric: 'memory' })], {}],
  ['device', [result(1, 0, { device: 'cuda' })], {}],
  ['peer', [result(1, 0, { peer_name: 'MKL 1.0' })], {}],
  ['ratio', [result(undefined, 0)], {}],
  ['bench', [result(1, 0)], { bench: 'ops' }],
])('a result is new beside one of another %s', (_, results, other) => {
  expect(counts(run([result(0.1, 0)]), committed(results, other))).toEqual({ ...NONE, fresh: 1 });
});

it.each([
  ['cpu another, here this one', { machine: { cpu: 'another', cores: 2 } }],
  ['cpu_model 6-143-8, here 6-207-2', { machine: { cpu: 'this one', cpu_model: '6-143-8', cores: 2 } }],
  ['cores 4, here 2', { machine: { cpu: 'this one', cores: 4 } }],
  ['path avx2, here avx512', { versions: { path: 'avx2' } }],
  ['onednn 3.1.0, here 3.2.0', { versions: { path: 'avx512', onednn: '3.1.0' } }],
])('a result measured with %s is not compared, and says why', (difference, other) => {
  const found = compareWithCommitted(run([result(0.1, 0)]), [committed([result(1, 0)], other)]);
  expect(found).toMatchObject({ fallen: [], held: [], unmeasured: [], fresh: [] });
  expect(found.elsewhere).toMatchObject([{ file: 'a.gemm.json', differences: [difference] }]);
});

it('of the committed files the one that was measured alike is taken, wherever it lies', () => {
  const alike = committed([result(1, 0.1)], { file: 'alike.gemm.json' });
  const other = committed([result(9, 0.1)], { file: 'other.gemm.json', versions: { onednn: '3.1.0' } });
  for (const files of [
    [alike, other],
    [other, alike],
  ])
    expect(compareWithCommitted(run([result(1, 0.1)]), files).held).toMatchObject([{ file: alike.file }]);
});

it('a version that one side leaves out sets nothing apart: it had no such peer', () => {
  const before = committed([result(1, 0.1)], { versions: { path: 'avx512', torch: '2.15.0' } });
  expect(counts(run([result(1, 0.1)]), before)).toEqual({ ...NONE, held: 1 });
});

it('a share of a ceiling is compared, a time without a peer is not', () => {
  const alone = (ours: number, unit: string) => result(undefined, 0.1, { ours, unit });
  expect(counts(run([alone(0.5, '1')]), committed([alone(0.9, '1')]))).toEqual({ ...NONE, fallen: 1 });
  expect(counts(run([alone(0.85, '1')]), committed([alone(0.9, '1')]))).toEqual({ ...NONE, held: 1 });
  expect(counts(run([alone(9, 'ms')]), committed([alone(1, 'ms')]))).toEqual(NONE);
});

it('a result without a peer is not compared', () => {
  expect(counts(run([result(undefined, 0)]), committed([result(1, 0)]))).toEqual(NONE);
});

it('the lines name what was not held, and the last counts each kind', () => {
  const now = run([
    result(1, 0.1),
    result(0.5, 0.1, { metric: 'fell' }),
    result(1, 0.4, { metric: 'noisy' }),
    result(2, 0.1, { metric: 'never before' }),
    result(2, 0.1, { metric: 'before' }),
  ]);
  const before = ['time', 'fell', 'noisy'].map((metric) => result(1, 0.1, { metric }));
  const old = committed([result(1, 0.1, { metric: 'before' })], { versions: { onednn: '3.1.0' } });
  expect(checkLines(compareWithCommitted(now, [committed(before), old]))).toEqual([
    'fell          gemm  M 1, N 2  fell  ratio 1.00 to 0.50, spread 0.10 (a.gemm.json)',
    'not measured  gemm  M 1, N 2  noisy  ratio 1.00 to 1.00, spread 0.40 (a.gemm.json)',
    'new           gemm  M 1, N 2  never before  ratio 2.00',
    'not compared  gemm  M 1, N 2  before  ratio 2.00 (a.gemm.json: onednn 3.1.0, here 3.2.0)',
    '1 fell, 1 held, 1 not measured, 1 new, 1 measured before on another CPU or with other versions',
  ]);
});

it('reads the bench from the name of the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-results-'));
  writeFileSync(join(folder, 'box.self-judge-step.json'), JSON.stringify({ results: [] }));
  expect(committedResults(pathToFileURL(`${folder}/`))).toEqual([
    { file: 'box.self-judge-step.json', bench: 'self-judge-step', results: [] },
  ]);
  rmSync(folder, { recursive: true });
});

describe('--against', () => {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-against-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (text: string) => {
    const path = join(folder, 'before.json');
    writeFileSync(path, text);
    return path;
  };

  it('reads what --json wrote, for whichever bench', () => {
    const { bench: _, ...written } = run([result(1, 0.1)]);
    const path = file(JSON.stringify(written));
    const before = readResults(path);
    expect(counts(run([result(0.5, 0.1)]), before)).toEqual({ ...NONE, fallen: 1 });
    expect(compareWithCommitted(run([result(0.5, 0.1)]), [before]).fallen).toMatchObject([{ file: path }]);
  });

  it.each([
    ['that is no JSON', '{', /--against .*before\.json: expected results written by --json, received/],
    ['of something else', '{"results": 3}', /--against .*before\.json: expected results written by --json/],
    [
      'measured beside another checkout',
      JSON.stringify({ ...run([]), beside: {} }),
      /beside another checkout/,
    ],
  ])('refuses a file %s', (_, text, message) => {
    expect(() => readResults(file(text))).toThrow(message);
  });

  it('refuses a file that is not there', () => {
    expect(() => readResults(join(folder, 'none.json'))).toThrow(/--against .*none\.json: ENOENT/);
  });
});
