import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolder } from '../loop/runFolder.js';
import {
  findRuns,
  listCheckpoints,
  readConfig,
  readEnvironment,
  readMetrics,
  readProfile,
  readRun,
  readSamples,
  readSummary,
  sampleNames,
  sumProfile,
} from './index.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'selfjudge-runs-'))));
afterEach(() => rmSync(root, { recursive: true }));

const put = (name: string, text: string) => writeFileSync(join(root, name), text);
const work = { calls: 2, flops: 3, bytes: 4 };
const profileRow = { step: 1, phases: { update: { seconds: 1, ...work } }, ops: { linear: work } };

describe('a run that is read', () => {
  it('while it writes: what is there, without the lock', () => {
    const run = RunFolder.open(root);
    expect(readRun(root)).toBeUndefined();
    run.writeConfig('verb: dpo\nbeta: 0.1\n');
    const at = expect.any(Date) as Date;
    const begun = { path: root, verb: 'dpo', status: 'running', at };
    expect(readRun(root)).toEqual({ ...begun, step: 0, metrics: {} });
    run.writeEnvironment({ device: 'cpu' });
    run.appendMetrics({ step: 1, epoch: 0.5, metrics: { loss: 0.7, kl: NaN } });
    run.appendProfile(profileRow);
    for (const name of ['step-10', 'step-9', 'bad-step-3']) run.writeSamples(name, [{ a: name }]);
    for (const name of ['step-10', 'step-9', 'other', '.step-11.7.tmp'])
      mkdirSync(join(root, 'checkpoints', name), { recursive: true });
    writeFileSync(join(root, 'samples', '.step-11.jsonl.7.tmp'), '{"a"');
    appendFileSync(join(root, 'metrics.jsonl'), '{"step":2,"epo');

    expect(readConfig(root)).toEqual({ verb: 'dpo', beta: 0.1 });
    expect(readEnvironment(root)).toEqual({ device: 'cpu' });
    const first = { step: 1, epoch: 0.5, metrics: { loss: 0.7, kl: NaN } };
    expect(readMetrics(root)).toEqual({ rows: [first], torn: 2 });
    expect(readProfile(root)).toEqual({ rows: [profileRow] });
    expect(sampleNames(root)).toEqual(['bad-step-3', 'step-9', 'step-10']);
    expect(readSamples(root, 'step-9').rows).toEqual([{ a: 'step-9' }]);
    expect(listCheckpoints(root)).toEqual([
      { step: 9, path: join(root, 'checkpoints/step-9') },
      { step: 10, path: join(root, 'checkpoints/step-10') },
    ]);
    expect(readSummary(root)).toBeUndefined();
    const { metrics } = first;
    const facts = { ...begun, step: 1, metrics };
    expect(readRun(root)).toEqual({ ...facts, torn: join(root, 'metrics.jsonl:2') });
    appendFileSync(join(root, 'metrics.jsonl'), 'ch":1,"loss":0.6}\n');
    expect(readRun(root)).toEqual({ ...facts, step: 2, metrics: { loss: 0.6 } });
    // It was open to its writer all the time.
    run.writeSummary({ step: 2 });
    run.close();
    expect(readRun(root)?.status).toBe('complete');
    expect(readSummary(root)).toEqual({ step: 2 });
  });

  it('says how many steps it has in all, by its configuration or by its epochs', () => {
    const steps = (config: string, row: string) => {
      put('config.yaml', `verb: sft\n${config}\n`);
      put('metrics.jsonl', `${row}\n`);
      return readRun(root)?.steps;
    };
    expect(steps('max_steps: 40\nnum_train_epochs: 3', '{"step":7,"epoch":0.1}')).toBe(40);
    // 10 steps of 8 are 0.8 of 100 rows: three epochs are 37.5 of them.
    expect(steps('max_steps: 0\nnum_train_epochs: 3', '{"step":10,"epoch":0.8}')).toBe(38);
    expect(steps('max_steps: 0', '{"step":10,"epoch":0.8}')).toBeUndefined();
  });

  it('without its files: nothing, and no error', () => {
    expect([readConfig(root), readEnvironment(root), readSummary(root)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([readMetrics(root), readProfile(root), readSamples(root, 'step-1')]).toEqual(
      Array.from({ length: 3 }, () => ({ rows: [] })),
    );
    expect([sampleNames(root), listCheckpoints(root), findRuns(join(root, 'none'))]).toEqual([[], [], []]);
    expect(sumProfile([])).toBeUndefined();
  });

  it('with fields of another version: they change nothing', () => {
    put('metrics.jsonl', '{"step":1,"loss":0.5,"note":"x","list":[1]}\n');
    expect(readMetrics(root).rows).toEqual([{ step: 1, epoch: NaN, metrics: { loss: 0.5 } }]);
    const phases = { think: { seconds: 3, ...work }, update: { seconds: 1, ...work, joules: 7 } };
    put('profile.jsonl', `${JSON.stringify({ ...profileRow, phases, host: 'a' })}\n`);
    const { seconds, phases: summed } = sumProfile(readProfile(root).rows)!;
    expect(seconds).toBe(4);
    expect(summed.map(({ phase, share }) => [phase, share])).toEqual([
      ['update', 0.25],
      ['think', 0.75],
    ]);
  });
});

describe('a line', () => {
  const row = '{"step":1,"epoch":1,"loss":0.5}';

  it('without an end is no data where it says nothing, and data where only the end is missing', () => {
    for (const torn of ['{', row.slice(0, -1), '\0\0', '{"step":']) {
      put('metrics.jsonl', `${row}\n${torn}`);
      expect(readMetrics(root)).toMatchObject({ rows: [{ step: 1 }], torn: 2 });
    }
    put('metrics.jsonl', `${row}\n${row.replace('1', '2')}`);
    expect(readMetrics(root)).toMatchObject({ rows: [{ step: 1 }, { step: 2 }] });
    expect(readMetrics(root).torn).toBeUndefined();
  });

  it.each([
    ['{"step":2,"lo', /received \{"step":2,"lo$/],
    ['', /received nothing$/],
    ['[1]', /received \[1\]$/],
    ['{"loss":1}', /received \{"loss":1\}$/],
    ['{"step":1.5}', /expected metrics in JSON with their step/],
  ])('with an end that is broken is an error with file and line: %s', (broken, message) => {
    put('metrics.jsonl', `${row}\n${broken}\n${row}\n`);
    expect(() => readMetrics(root)).toThrow(/metrics\.jsonl:2: expected /);
    expect(() => readMetrics(root)).toThrow(message);
    put('metrics.jsonl', `${row}\n${broken}\n`);
    expect(() => readMetrics(root)).toThrow(/metrics\.jsonl:2: expected /);
  });

  it('of a profile or a sample is held to what it must have', () => {
    put('profile.jsonl', `${JSON.stringify({ ...profileRow, ops: { linear: { calls: 1 } } })}\n`);
    expect(() => readProfile(root)).toThrow(/profile\.jsonl:1: expected a profile in JSON with its step/);
    mkdirSync(join(root, 'samples'));
    put('samples/a.jsonl', '7\n');
    expect(() => readSamples(root, 'a')).toThrow(/samples\/a\.jsonl:1: expected a sample, a JSON object/);
  });
});

describe('what is damaged', () => {
  it('is named by file, with the advice of whoever asked', () => {
    put('config.yaml', 'a: [');
    expect(() => readConfig(root, 'do this')).toThrow(
      /config\.yaml: expected the configuration .*\(line 1\)\ndo this/,
    );
    put('config.yaml', '');
    expect(() => readConfig(root)).toThrow(/config\.yaml: expected the configuration .*received null/);
    put('summary.json', '{');
    expect(() => readSummary(root, 'do that')).toThrow(/summary\.json: expected .*\ndo that/);
  });

  it('does not hide the runs beside it, nor take the folder of another program for one', () => {
    for (const [run, config, metrics] of [
      ['a', 'verb: sft', '{"step":3,"loss":1}\n'],
      ['b', 'verb: sft', '{"step\n'],
      ['c', '', '{"step":1}\n'],
      ['d/e', 'verb: dpo', undefined],
      ['other', 'verb: 7', undefined],
      ['another', ': [', undefined],
    ] as const) {
      mkdirSync(join(root, run), { recursive: true });
      put(`${run}/config.yaml`, config);
      if (metrics !== undefined) put(`${run}/metrics.jsonl`, metrics);
    }
    const runs = findRuns(root);
    expect(runs.map(({ path, verb, status, step }) => [path.slice(root.length), verb, status, step])).toEqual([
      ['/a', 'sft', 'stopped', 3],
      ['/b', '', 'damaged', 0],
      ['/c', '', 'damaged', 0],
      ['/d/e', 'dpo', 'stopped', 0],
    ]);
    expect(runs[1].problem).toMatch(/b\/metrics\.jsonl:1: expected metrics/);
    expect(runs[2].problem).toMatch(/c\/config\.yaml: expected the configuration/);
    expect(() => readRun(join(root, 'b'))).toThrow(/metrics\.jsonl:1/);
  });
});
