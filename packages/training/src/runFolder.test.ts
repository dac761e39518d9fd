import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolder } from './runFolder.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'selfjudge-run-'))));
afterEach(() => rmSync(root, { recursive: true }));

describe('RunFolder', () => {
  it('abandoned, takes away the folders it made and no others', () => {
    RunFolder.open(join(root, 'a/b/c')).abandon();
    expect(readdirSync(root)).toEqual([]);
    RunFolder.open(root).abandon();
    expect(readdirSync(root)).toEqual([]);
    const folder = RunFolder.open(join(root, 'a/b'));
    writeFileSync(join(root, 'a/file'), '');
    folder.abandon();
    expect(readdirSync(join(root, 'a'))).toEqual(['file']);
  });

  it('trims metrics to a step, torn lines too, and returns the last', () => {
    const folder = RunFolder.open(root);
    for (const step of [1, 2, 3])
      folder.appendMetrics({ step, epoch: 0, metrics: { loss: step / 2, kl: NaN } });
    writeFileSync(join(root, 'metrics.jsonl'), '{"step": 4, "lo', { flag: 'a' });
    expect(folder.trim(2)).toEqual({ loss: 1, kl: null });
    const kept = readFileSync(join(root, 'metrics.jsonl'), 'utf8');
    expect(kept).toBe('{"step":1,"epoch":0,"loss":0.5,"kl":null}\n{"step":2,"epoch":0,"loss":1,"kl":null}\n');
    expect(folder.trim(0)).toBeUndefined();
    folder.close();
  });

  it('sweeps up what a stopped process left, and says what the system refuses', () => {
    RunFolder.open(root).writeSamples('step-1', [{ a: 1 }]);
    writeFileSync(join(root, 'samples/.step-2.jsonl.77.tmp'), 'half');
    rmSync(join(root, 'run.lock'));
    RunFolder.open(root).close();
    expect(readdirSync(join(root, 'samples'))).toEqual(['step-1.jsonl']);
    expect(existsSync(join(root, 'run.lock'))).toBe(false);
    writeFileSync(join(root, 'file'), '');
    expect(() => RunFolder.open(join(root, 'file/run'))).toThrow(
      /file\/run: expected .*, received ENOTDIR: /,
    );
  });
});
