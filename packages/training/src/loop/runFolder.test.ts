import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atomicFolder } from './atomicFolder.js';
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

  it('trims metrics to a step, torn lines too, and returns the rows that stay', () => {
    const folder = RunFolder.open(root);
    for (const step of [1, 2, 3])
      folder.appendMetrics({ step, epoch: 0, metrics: { loss: step / 2, kl: NaN } });
    writeFileSync(join(root, 'metrics.jsonl'), '{"step": 4, "lo', { flag: 'a' });
    expect(folder.trimLogs(2)).toEqual([
      { step: 1, epoch: 0, metrics: { loss: 0.5, kl: NaN } },
      { step: 2, epoch: 0, metrics: { loss: 1, kl: NaN } },
    ]);
    const kept = readFileSync(join(root, 'metrics.jsonl'), 'utf8');
    expect(kept).toBe('{"step":1,"epoch":0,"loss":0.5,"kl":null}\n{"step":2,"epoch":0,"loss":1,"kl":null}\n');
    expect(folder.trimLogs(0)).toEqual([]);
    folder.close();
  });

  it('followed, reads beside the rank that writes and changes nothing', () => {
    const folder = RunFolder.open(root);
    for (const step of [1, 2]) folder.appendMetrics({ step, epoch: 0, metrics: { loss: 1 } });
    writeFileSync(join(root, 'summary.json'), '{}');
    const files = () => readdirSync(root).map((name) => [name, readFileSync(join(root, name), 'utf8')]);
    const before = files();
    const other = RunFolder.follow(root);
    expect(other.trimLogs(1)).toEqual([{ step: 1, epoch: 0, metrics: { loss: 1 } }]);
    other.appendMetrics({ step: 3, epoch: 0, metrics: {} });
    other.writeConfig('a: 1');
    other.writeSamples('step-1', [{}]);
    other.unfinish();
    other.syncLogs();
    other.abandon();
    expect(files()).toEqual(before);
    folder.close();
    RunFolder.follow(join(root, 'none')).writeConfig('a: 1');
    expect(readdirSync(root)).not.toContain('none');
  });

  it('says when a summary or the result it speaks of is damaged, and what to remove', async () => {
    const folder = RunFolder.open(root);
    expect(folder.readSummary()).toBeUndefined();
    folder.writeSummary({ step: 3 });
    expect(folder.readSummary()).toBeUndefined();
    await atomicFolder(folder.final, async (dir) => writeFileSync(join(dir, 'weights'), 'abc'));
    expect(folder.readSummary()).toEqual({ step: 3 });
    writeFileSync(join(folder.final, 'weights'), 'abd');
    expect(() => folder.readSummary()).toThrow(
      /final\/weights: expected sha256 \w+, received sha256 \w+\nit is damaged; after rm -r \S+\/final the same/,
    );
    writeFileSync(join(folder.final, 'manifest.json'), '{"format": 2, "files": {}}');
    expect(() => folder.readSummary()).toThrow(
      /manifest.json: expected format 1 .*, received format 2\nanother version .*: go on with that version, or [^\n]*$/,
    );
    rmSync(folder.final, { recursive: true });
    await atomicFolder(folder.final, async (dir) => writeFileSync(join(dir, 'weights'), 'abc'));
    writeFileSync(join(root, 'summary.json'), '');
    expect(() => folder.readSummary()).toThrow(
      /summary.json: expected .*\nit is damaged; after rm -r \S+summary.json/,
    );
    folder.close();
  });

  it('sweeps up what a stopped process left, and says what the system refuses', () => {
    const stopped = RunFolder.open(root);
    stopped.writeSamples('step-1', [{ a: 1 }]);
    writeFileSync(join(root, 'samples/.step-2.jsonl.77.tmp'), 'half');
    writeFileSync(join(root, '.run.lock.77.tmp'), '{"pid"');
    stopped.close();
    RunFolder.open(root).close();
    expect(readdirSync(root)).toEqual(['samples']);
    expect(readdirSync(join(root, 'samples'))).toEqual(['step-1.jsonl']);
    writeFileSync(join(root, 'file'), '');
    expect(() => RunFolder.open(join(root, 'file/run'))).toThrow(
      /file\/run: expected .*, received ENOTDIR: /,
    );
  });
});
