import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessLock } from './processLock.js';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'selfjudge-lock-')), 'one.lock');
const files = (path: string) => readdirSync(join(path, '..'));
function acquired(path: string): ProcessLock {
  const lock = ProcessLock.acquire(path);
  expect(lock).toBeInstanceOf(ProcessLock);
  return lock as ProcessLock;
}

describe('ProcessLock', () => {
  it('is held by one at a time', () => {
    const path = fresh();
    const lock = acquired(path);
    expect(ProcessLock.acquire(path)).toMatchObject({ pid: process.pid });
    lock.release();
    acquired(path).release();
    expect(files(path)).toEqual([]);
  });

  it('takes over from a process that is gone', () => {
    const path = fresh();
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    writeFileSync(`${path}.3`, JSON.stringify({ pid, started: '1' }));
    acquired(path);
    expect(files(path)).toEqual(['one.lock.4']);
    expect((JSON.parse(readFileSync(`${path}.4`, 'utf8')) as { pid: number }).pid).toBe(process.pid);
  });

  it('takes over from a process that has ended and whose parent has not looked', async () => {
    const path = fresh();
    // A shell starts a child and becomes a program that never waits for it.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    try {
      await proc(parent.pid!, 'comm', /^sleep$/m);
      process.kill(pid, 'SIGKILL');
      const stat = await proc(pid, 'stat', /\) Z /);
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      writeFileSync(`${path}.1`, JSON.stringify({ pid, started }));
      acquired(path).release();
    } finally {
      parent.kill();
    }
  });

  it('takes over when the process id is used again by a later process', () => {
    const path = fresh();
    writeFileSync(`${path}.1`, JSON.stringify({ pid: process.pid, started: '1' }));
    acquired(path).release();
  });

  it('takes over a torn lock file', () => {
    const path = fresh();
    for (const torn of ['{"pid":', '', 'null', '{}', '{"pid":"1"}']) {
      writeFileSync(`${path}.1`, torn);
      acquired(path).release();
    }
    expect(files(path)).toEqual([]);
  });

  it('passes to one process only, when many find the same stale lock', async () => {
    const path = fresh();
    const results = await Promise.all(Array.from({ length: 4 }, () => contend(path)));
    for (const result of results) expect(result).toEqual({ code: 0, stderr: '' });
  });
});

/** What /proc says of a process, once it says what is waited for. */
async function proc(pid: number, name: string, expected: RegExp): Promise<string> {
  for (;;) {
    const text = readFileSync(`/proc/${pid}/${name}`, 'utf8');
    if (expected.test(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * A process that takes the lock twenty times, works alone in a folder that only one may make, and leaves a lock
 * whose holder is gone, as a crash does.
 */
function contend(path: string): Promise<{ code: number; stderr: string }> {
  const program = `
    import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
    import { ProcessLock } from ${JSON.stringify(new URL('../../dist/files/processLock.js', import.meta.url).href)};
    const [path] = process.argv.slice(1);
    let turns = 0;
    while (turns < 20) {
      const lock = ProcessLock.acquire(path);
      if (!(lock instanceof ProcessLock)) continue;
      mkdirSync(path + '.alone');
      turns++;
      rmdirSync(path + '.alone');
      writeFileSync(path + process.pid, '{"pid":0,"started":"1"}');
      renameSync(path + process.pid, lock.path);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, path]);
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += String(text)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code!, stderr })));
}
