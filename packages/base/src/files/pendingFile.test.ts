import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atomicWrite, atomicWriteSync, makeFolder } from './atomicWrite.js';
import { PendingFile } from './pendingFile.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'selfjudge-files-'));
  path = join(folder, 'file');
  writeFileSync(path, 'old');
});
afterEach(() => rmSync(folder, { recursive: true }));
const content = () => readFileSync(path, 'utf8');

describe('PendingFile', () => {
  it('takes the name when committed, not before', () => {
    const file = new PendingFile(path);
    file.write(Buffer.from('new '));
    file.write(Buffer.from('text'));
    expect(content()).toBe('old');
    file.commit();
    expect(content()).toBe('new text');
    file.discard();
    expect(readdirSync(folder)).toEqual(['file']);
    expect(content()).toBe('new text');
  });

  it('discarded, leaves what was there', () => {
    const file = new PendingFile(path);
    file.write(Buffer.from('half'));
    file.discard();
    expect(readdirSync(folder)).toEqual(['file']);
    expect(content()).toBe('old');
  });

  it('names the file it is about when the system refuses', () => {
    const message = /no\/file: expected a file that can be written, received ENOENT: no such file/;
    expect(() => new PendingFile(join(folder, 'no', 'file'))).toThrow(message);
    expect(() => atomicWriteSync(join(path, 'file'), '')).toThrow(/ENOTDIR/);
  });
});

describe('atomicWrite', () => {
  it('leaves what was there when the bytes do not come', async () => {
    const chunks = async function* () {
      yield Buffer.from('half');
      throw new Error('lost');
    };
    await expect(atomicWrite(path, chunks())).rejects.toThrow('lost');
    expect(readdirSync(folder)).toEqual(['file']);
    expect(content()).toBe('old');
  });
});

describe('makeFolder', () => {
  it('says what was made, if anything was, and what the system refuses', () => {
    expect(makeFolder(join(folder, 'a/b/c'))).toBe(join(folder, 'a'));
    expect(makeFolder(join(folder, 'a/b'))).toBeUndefined();
    expect(() => makeFolder(join(path, 'a'))).toThrow(
      /file\/a: expected a folder that can be written, .* ENOTDIR/,
    );
  });
});
