import { mkdirSync, mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { atomicFolder, folderFault, removeUnfinished } from './atomicFolder.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'selfjudge-folder-'));
});

const write = (text: string) => async (dir: string) => {
  mkdirSync(join(dir, 'sub'));
  writeFileSync(join(dir, 'a.txt'), text);
  writeFileSync(join(dir, 'sub', 'b.txt'), 'b');
};

describe('atomicFolder', () => {
  it('writes, verifies and replaces', async () => {
    const path = join(root, 'final');
    await atomicFolder(path, write('one'));
    await atomicFolder(path, write('two'));
    expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe('two');
    expect(folderFault(path)).toBeUndefined();
    expect(readdirSync(root)).toEqual(['final']);
  });

  it('leaves what was there when filling fails, as on a full disk', async () => {
    const path = join(root, 'final');
    await atomicFolder(path, write('one'));
    const full = atomicFolder(path, async (dir) => {
      await write('half')(dir);
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    });
    await expect(full).rejects.toThrow(/ENOSPC/);
    expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe('one');
    expect(readdirSync(root)).toEqual(['final']);
  });

  it('names what is wrong with a damaged folder', async () => {
    const path = join(root, 'step-1');
    await atomicFolder(path, write('one'));
    writeFileSync(join(path, 'a.txt'), 'onf');
    expect(folderFault(path)).toMatch(/a\.txt: expected sha256/);
    truncateSync(join(path, 'a.txt'), 1);
    expect(folderFault(path)).toMatch(/a\.txt: expected 3 bytes, received 1/);
    expect(folderFault(join(root, 'none'))).toMatch(/manifest\.json/);
  });

  it('removes what a stopped process left', () => {
    mkdirSync(join(root, '.step-7.123.tmp'));
    mkdirSync(join(root, 'step-6'));
    removeUnfinished(root);
    expect(readdirSync(root)).toEqual(['step-6']);
  });
});
