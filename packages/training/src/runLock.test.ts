import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunLock } from './runLock.js';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'selfjudge-lock-')), 'run.lock');

describe('RunLock', () => {
  it('is held by one at a time', () => {
    const path = fresh();
    const lock = RunLock.acquire(path);
    expect(() => RunLock.acquire(path)).toThrow(`held by process ${process.pid}`);
    lock.release();
    RunLock.acquire(path).release();
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('takes over from a process that is gone', () => {
    const path = fresh();
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    writeFileSync(path, JSON.stringify({ pid, started: '1' }));
    RunLock.acquire(path);
    expect((JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid).toBe(process.pid);
  });

  it('takes over when the process id is used again by a later process', () => {
    const path = fresh();
    writeFileSync(path, JSON.stringify({ pid: process.pid, started: '1' }));
    RunLock.acquire(path).release();
  });

  it('takes over a torn lock file', () => {
    const path = fresh();
    writeFileSync(path, '{"pid":');
    RunLock.acquire(path).release();
  });
});
