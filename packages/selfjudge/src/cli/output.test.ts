import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLatest, withOutput } from './output.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'selfjudge-output-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const print = () => {
  throw new Error('printed');
};

describe('withOutput', () => {
  it('replaces the file when the work is done, not before', async () => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    await withOutput(path, print, async (write) => {
      write('new ');
      expect(readFileSync(path, 'utf8')).toBe('old');
      write('text');
    });
    expect(readFileSync(path, 'utf8')).toBe('new text');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('leaves what was there when the work fails', async () => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    const failing = withOutput(path, print, async (write) => {
      write('half');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('refuses a missing folder, and a folder in its place, before the work', async () => {
    const work = () => Promise.reject(new Error('worked'));
    await expect(withOutput(join(folder, 'no', 'out'), print, work)).rejects.toThrow(
      /--out: .*folder that is there/,
    );
    await expect(withOutput(folder, print, work)).rejects.toThrow(/--out: .*received the folder/);
  });

  it('writes through a device, which stays what it is', async () => {
    await withOutput('/dev/null', print, async (write) => write('gone'));
    expect(readFileSync('/dev/null', 'utf8')).toBe('');
  });

  it('prints where no path is given', async () => {
    let printed = '';
    await withOutput(
      undefined,
      (text) => (printed += text),
      async (write) => write('row'),
    );
    expect(printed).toBe('row');
  });
});

describe('withLatest', () => {
  it('holds the newest text at any time, whatever follows', async () => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    const failing = withLatest(path, async (write) => {
      expect(readFileSync(path, 'utf8')).toBe('old');
      for (const text of ['first', 'second']) {
        write(text);
        expect(readFileSync(path, 'utf8')).toBe(text);
        expect(readdirSync(folder)).toEqual(['out']);
      }
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(readFileSync(path, 'utf8')).toBe('second');
  });

  it('leaves what was there when nothing was written, and refuses a place before the work', async () => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    expect(await withLatest(path, async () => 7)).toBe(7);
    expect(readFileSync(path, 'utf8')).toBe('old');
    let worked = false;
    const refused = withLatest(join(folder, 'no', 'out'), async () => (worked = true));
    await expect(refused).rejects.toThrow('--out: expected a file in a folder that is there');
    expect(worked).toBe(false);
    expect(await withLatest(undefined, async (write) => write('nowhere'))).toBeUndefined();
  });

  it('writes the last text alone where a text cannot be taken back', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = execFile('cat', [path]);
    let seen = '';
    reader.stdout!.on('data', (text: string) => (seen += text));
    const closed = new Promise((done) => void reader.on('close', done));
    const failing = withLatest(path, async (write) => {
      write('first');
      write('last');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    await closed;
    expect(seen).toBe('last');
  });
});
