import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withOutput } from './output.js';

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
