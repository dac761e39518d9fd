// pnpm bench --check: which ratios fell by more than their spread.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { committedResults, compareWithCommitted } from '../benchmarks/check.mjs';

const result = (ratio: number | undefined, spread: number, other: object = {}) => ({
  name: 'gemm',
  shape: { M: 1, N: 2 },
  metric: 'time',
  device: 'cpu',
  ratio,
  spread,
  ...other,
});
const run = (results: object[], other: object = {}) => ({
  bench: 'gemm',
  machine: { cpu: 'this one', cores: 2, node: 'v20' },
  versions: { path: 'avx512' },
  results,
  ...other,
});
const committed = (results: object[], other: object = {}) => ({
  ...run(results, other),
  file: 'a.gemm.json',
});
const counts = (now: object, ...before: object[]) => {
  const { fallen, held, fresh } = compareWithCommitted(now, before);
  return { fallen: fallen.length, held: held.length, fresh: fresh.length };
};

describe('a ratio beside its committed one', () => {
  it.each([
    ['the same', 1, 0, 1, 0, 0],
    ['better', 2, 0, 1, 0, 0],
    ['within the spread of now', 0.85, 0.2, 1, 0.1, 0],
    ['within the spread of then', 0.85, 0.1, 1, 0.2, 0],
    ['just within', 0.75, 0.25, 1, 0.1, 0],
    ['below both', 0.85, 0.1, 1, 0.1, 1],
    ['a good one that is now less so', 1.5, 0.1, 2, 0.1, 1],
  ])('%s', (_, ratio, spread, before, spreadBefore, fallen) => {
    const now = run([result(ratio, spread)]);
    expect(counts(now, committed([result(before, spreadBefore)]))).toEqual({
      fallen,
      held: 1 - fallen,
      fresh: 0,
    });
  });

  it('is named with both and the file', () => {
    const now = result(0.5, 0.1);
    const before = result(1, 0.2);
    expect(compareWithCommitted(run([now]), [committed([before])]).fallen).toEqual([
      { now, before, file: 'a.gemm.json', spread: 0.2 },
    ]);
  });
});

it.each([
  ['name', [result(1, 0, { name: 'other' })], {}],
  ['shape', [result(1, 0, { shape: { M: 2, N: 2 } })], {}],
  ['metric', [result(1, 0, { metric: 'memory' })], {}],
  ['device', [result(1, 0, { device: 'cuda' })], {}],
  ['ratio', [result(undefined, 0)], {}],
  ['bench', [result(1, 0)], { bench: 'ops' }],
  ['cpu', [result(1, 0)], { machine: { cpu: 'another', cores: 2 } }],
  ['number of cores', [result(1, 0)], { machine: { cpu: 'this one', cores: 4 } }],
  ['kernel path', [result(1, 0)], { versions: { path: 'avx2' } }],
])('a result is new beside one of another %s', (_, results, other) => {
  expect(counts(run([result(0.1, 0)]), committed(results, other))).toEqual({ fallen: 0, held: 0, fresh: 1 });
});

it('a share of a ceiling is compared, a time without a peer is not', () => {
  const alone = (ours: number, unit: string) => result(undefined, 0.1, { ours, unit });
  expect(counts(run([alone(0.5, '1')]), committed([alone(0.9, '1')]))).toEqual({
    fallen: 1,
    held: 0,
    fresh: 0,
  });
  expect(counts(run([alone(0.85, '1')]), committed([alone(0.9, '1')]))).toEqual({
    fallen: 0,
    held: 1,
    fresh: 0,
  });
  expect(counts(run([alone(9, 'ms')]), committed([alone(1, 'ms')]))).toEqual({
    fallen: 0,
    held: 0,
    fresh: 0,
  });
});

it('a result without a peer is not compared', () => {
  expect(counts(run([result(undefined, 0)]), committed([result(1, 0)]))).toEqual({
    fallen: 0,
    held: 0,
    fresh: 0,
  });
});

it('reads the bench from the name of the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-results-'));
  writeFileSync(join(folder, 'box.self-judge-step.json'), JSON.stringify({ results: [] }));
  expect(committedResults(pathToFileURL(`${folder}/`))).toEqual([
    { file: 'box.self-judge-step.json', bench: 'self-judge-step', results: [] },
  ]);
  rmSync(folder, { recursive: true });
});
