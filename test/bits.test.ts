// What this build computes has the bits of the builds before it. How the hashes are made and when they may change:
// docs/decisions/013-guards-of-bits.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuInfo } from '../native/index.mjs';
import { NUMERIC_VERSION } from '../packages/training/src/loop/numericVersion.js';
import {
  bitsOf,
  DATA,
  differences,
  HASHES,
  metricsHashes,
  movedResults,
  NUMERIC_VERSION_FILE,
  PATHS,
  resultsOf,
  resumeOldRun,
} from './support/bits.mjs';

const committed = JSON.parse(readFileSync(HASHES, 'utf8')) as Record<string, object>;
const ADVICE =
  'bits differ from those committed; if they are meant to, say why in docs/decisions and run node scripts/bits.mjs --write';

const expectCommitted = (name: string, received: object) =>
  expect(differences(committed[name], received, [name]), ADVICE).toEqual([]);

describe('bits of the builds before', () => {
  it.each(PATHS)('%s: what every method leaves, and 200 requests', async (path: string) => {
    if (cpuInfo().paths.includes(path)) expectCommitted(path, await bitsOf(path));
    else console.log(`skipped: this processor has no ${path}`);
  });

  it('a run that an earlier build began and stopped in its middle ends as it would have ended then', async () => {
    const { stderr, hashes } = await resumeOldRun();
    expect(stderr).toContain('going on after step 4 of 6\n');
    expectCommitted('the old run, resumed', hashes);
  });
});

describe('the numeric version', () => {
  const record = JSON.parse(readFileSync(NUMERIC_VERSION_FILE, 'utf8')) as {
    version: number;
    results: Record<string, string>;
  };

  it('is that of the committed results: one that moves takes it along', () => {
    expect(movedResults(record.results, resultsOf(committed)), ADVICE).toEqual([]);
    expect(Object.keys(record.results)).toEqual(Object.keys(resultsOf(committed)));
    expect(NUMERIC_VERSION).toBe(record.version);
  });

  it('does not move with a new result, or with what is said of one', () => {
    const [name] = Object.keys(record.results);
    expect(movedResults(record.results, { ...record.results, more: 'a' })).toEqual([]);
    expect(movedResults(record.results, { ...record.results, [name]: 'a' })).toEqual([name]);
    expect(Object.keys(record.results).filter((of) => /work|metrics/.test(of))).toEqual([]);
  });
});

describe('the comparison', () => {
  const bits = committed[PATHS[0]] as Record<string, Record<string, string>>;

  it('names path, method and artefact, and both hashes', () => {
    const { weights, ...rest } = bits.jsft;
    const moved = { ...bits, jsft: { ...rest, weights: 'b' }, sft: { ...bits.sft, samples: 'c' } };
    expect(differences(bits, moved, ['portable'])).toEqual([
      'portable, sft, samples: expected nothing, received c',
      `portable, jsft, weights: expected ${weights}, received b`,
    ]);
    const { dpo: _, ...without } = bits;
    expect(differences(bits, without)).toEqual([
      'dpo: expected weights, optimizer, metrics, work, received nothing',
    ]);
  });

  it('has hashes of things that differ: every result on a path, and the weights between paths', () => {
    const isResult = ([artefact]: [string, string]) => artefact !== 'work';
    const results = Object.values(bits).flatMap((hashes) => Object.entries(hashes).filter(isResult));
    expect(new Set(results.map(([, hash]) => hash)).size).toBe(results.length);
    const others = committed[PATHS[1]] as typeof bits;
    for (const [method, { weights }] of Object.entries(bits))
      if (weights !== undefined) expect(others[method].weights, method).not.toBe(weights);
  });

  it('leaves wall-clock times out of the metrics, and nothing else', () => {
    const rows = readFileSync(join(DATA, 'run/metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const last = JSON.parse(rows.at(-1)!) as Record<string, number | null>;
    const hashesWith = (change: object) =>
      metricsHashes([...rows.slice(0, -1), JSON.stringify({ ...last, ...change })].join('\n'));
    const changedBy = (change: object) => differences(hashesWith({}), hashesWith(change)).length > 0;
    const without = Object.keys(last).filter((name) => !changedBy({ [name]: (last[name] ?? 0) + 1 }));
    const phases = ['data', 'generate', 'judge', 'reference', 'update', 'eval', 'other'];
    expect(without).toEqual(['step_time', ...phases.map((phase) => `time/${phase}`)]);
    for (const name of ['a_new_metric', 'time/new', 'flops/new'])
      expect(changedBy({ [name]: 1 }), name).toBe(true);
  });
});
