import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  atomicFolder,
  filesBeyondManifest,
  folderFault,
  removeAbandoned,
  removeUnfinished,
} from './atomicFolder.js';

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return { ...fs, renameSync: vi.fn(fs.renameSync) };
});

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
    const sha256 = expect.stringMatching(/^sha256 [0-9a-f]{64}$/);
    expect(folderFault(path)).toEqual({ path: join(path, 'a.txt'), expected: sha256, received: sha256 });
    truncateSync(join(path, 'a.txt'), 1);
    expect(folderFault(path)).toMatchObject({ expected: '3 bytes', received: '1' });
    rmSync(join(path, 'a.txt'));
    expect(folderFault(path)).toMatchObject({ expected: 'a file of 3 bytes', received: 'no file' });
    const manifest = { path: join(path, 'manifest.json'), expected: 'format 1 with a list of files' };
    for (const content of ['{"format": 1}', '{"format": "2"}', '{"files": {}}', '{}']) {
      writeFileSync(manifest.path, content);
      expect(folderFault(path), content).toEqual({ ...manifest, received: 'another file' });
    }
    writeFileSync(manifest.path, '{"format": 2}');
    expect(folderFault(path)).toEqual({
      ...manifest,
      received: 'format 2',
      advice: expect.stringMatching(/^another version of selfjudge wrote it: go on with that version/),
    });
    expect(folderFault(join(root, 'none'))).toMatchObject({ received: expect.stringContaining('ENOENT') });
  });

  it('puts back what was there when the new one cannot take its place', async () => {
    const path = join(root, 'final');
    await atomicFolder(path, write('one'));
    const real = vi.mocked(renameSync).getMockImplementation()!;
    let refused = false;
    vi.mocked(renameSync).mockImplementation((from, to) => {
      if (refused || to !== path) return real(from, to);
      refused = true;
      throw Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO', syscall: 'rename' });
    });
    await expect(atomicFolder(path, write('two'))).rejects.toThrow(
      /final: expected a folder that can be written, received EIO: i\/o error/,
    );
    expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe('one');
    expect(readdirSync(root)).toEqual(['final']);
  });

  it('removes what a stopped process left, and nothing of anybody else', () => {
    mkdirSync(join(root, '.step-7.123.tmp'));
    mkdirSync(join(root, '.step-3.123.old.tmp'));
    mkdirSync(join(root, 'step-6'));
    writeFileSync(join(root, '.notes.tmp'), '');
    removeUnfinished(root);
    expect(readdirSync(root)).toEqual(['.notes.tmp', 'step-6']);
  });

  it('removes of one folder what processes left that are gone', () => {
    // No system has a process of this number.
    const gone = 2 ** 31 - 1;
    const others = [`.other.${gone}.tmp`, `.final.${process.pid}.tmp`, '.final.notes.tmp', 'final'];
    for (const name of [...others, `.final.${gone}.tmp`, `.final.${gone}.old.tmp`])
      mkdirSync(join(root, name));
    removeAbandoned(join(root, 'final'));
    expect(readdirSync(root).sort()).toEqual(others.sort());
    removeAbandoned(join(root, 'none', 'final'));
  });

  it('knows the files that it did not write', async () => {
    const path = join(root, 'final');
    expect(filesBeyondManifest(path)).toBeUndefined();
    await atomicFolder(path, write('one'));
    expect(filesBeyondManifest(path)).toEqual([]);
    writeFileSync(join(path, 'sub', 'c.txt'), 'c');
    expect(filesBeyondManifest(path)).toEqual([join('sub', 'c.txt')]);
    for (const content of ['{}', 'no JSON']) {
      writeFileSync(join(path, 'manifest.json'), content);
      expect(filesBeyondManifest(path)).toBeUndefined();
    }
  });
});
