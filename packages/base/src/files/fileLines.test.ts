import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashOfFile, wholeLines } from './fileLines.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'selfjudge-lines-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('reads lines wherever a window ends, and none that has no end', () => {
  // Letters of several bytes at any place of a window of 1 MiB, an empty line, a line of two windows.
  const lines = [...Array.from({ length: 900 }, (_, i) => 'é🙂'.repeat(i)), '', 'x'.repeat(3 << 20), 'last'];
  const text = lines.map((line) => `${line}\n`).join('');
  writeFileSync(path, `${text}torn é`);
  const read = [...wholeLines(path)];
  expect(read.map((line) => line.text)).toEqual(lines);
  expect(read.at(-1)!.end).toBe(Buffer.byteLength(text));
  expect(hashOfFile(path)).toBe(createHash('sha256').update(`${text}torn é`).digest('hex'));
});

it('an empty file has no line, and a missing one is named', () => {
  writeFileSync(path, '');
  expect([...wholeLines(path)]).toEqual([]);
  expect(() => hashOfFile(`${path}x`)).toThrow(/filex: expected a file that can be read, received ENOENT/);
});
