import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

import { fileSystemError } from '../errors.js';

const NEWLINE = 0x0a;
const WINDOW = 1 << 20;

/**
 * The lines of a file that have their end, without it, each with the byte behind it.
 * @throws FileSystemError
 */
export function* wholeLines(path: string): Generator<{ text: string; end: number }> {
  let rest: Buffer[] = [];
  let at = 0;
  for (const window of windowsOf(path)) {
    let start = 0;
    for (let end = window.indexOf(NEWLINE); end !== -1; end = window.indexOf(NEWLINE, start)) {
      const text = Buffer.concat([...rest, window.subarray(start, end)]).toString('utf8');
      rest = [];
      start = end + 1;
      yield { text, end: at + start };
    }
    if (start < window.length) rest.push(window.subarray(start));
    at += window.length;
  }
}

/** SHA-256 of a file's bytes, as hex. @throws FileSystemError */
export function hashOfFile(path: string): string {
  const hash = createHash('sha256');
  for (const window of windowsOf(path)) hash.update(window);
  return hash.digest('hex');
}

function* windowsOf(path: string): Generator<Buffer> {
  const guarded = <T>(use: () => T): T => {
    try {
      return use();
    } catch (error) {
      throw fileSystemError(path, 'a file that can be read', error);
    }
  };
  const fd = guarded(() => openSync(path, 'r'));
  try {
    for (;;) {
      const window = Buffer.allocUnsafe(WINDOW);
      const n = guarded(() => readSync(fd, window));
      if (n === 0) return;
      yield window.subarray(0, n);
    }
  } finally {
    closeSync(fd);
  }
}
