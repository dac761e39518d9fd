import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { FileFormatError, fileSystemError } from '@selfjudge/core';
import { check, path as isPath } from '@selfjudge/core/checks';

import type { Issue } from './problem.js';

/** A row of a file. `line` counts from 1. */
export interface Line {
  line: number;
  value: Record<string, unknown>;
}

export interface JsonlFile {
  rows: Line[];
  /** Lines that are no JSON object. */
  issues: Issue[];
}

const NEWLINE = 0x0a;

/**
 * Reads JSONL, gzipped or not (told by its first bytes). Blank lines are skipped; a line that is no JSON object becomes
 * an issue and the rest is read on.
 *
 * @throws FileFormatError when the file cannot be decompressed; FileSystemError when it cannot be read
 */
export async function readJsonl(path: string): Promise<JsonlFile> {
  check('readJsonl', { path }, { path: isPath });
  const rows: Line[] = [];
  const issues: Issue[] = [];
  let line = 0;
  for await (const bytes of byteLines(path)) {
    line++;
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
      if (text === '') continue;
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new SyntaxError(`expected a JSON object, received ${text.slice(0, 40)}`);
      }
      rows.push({ line, value: value as Record<string, unknown> });
    } catch (error) {
      issues.push({ file: path, line, code: 'broken-line', reason: (error as Error).message });
    }
  }
  return { rows, issues };
}

async function* byteLines(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* splitLines(await contents(path));
  } catch (error) {
    throw fileSystemError(path, 'a file that can be read', error);
  }
}

/** Lines as bytes. Only \n ends one: JSON strings may hold U+2028 and the like, which Node's readline breaks at. */
async function* splitLines(content: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  for await (const chunk of content) {
    const bytes = chunk as Buffer;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...rest, bytes.subarray(start, end)]);
      rest = [];
      start = end + 1;
    }
    rest.push(bytes.subarray(start));
  }
  const last = Buffer.concat(rest);
  if (last.length > 0) yield last;
}

async function contents(path: string): Promise<AsyncIterable<unknown>> {
  const handle = await open(path);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  const file = createReadStream(path);
  if (bytesRead < 2 || buffer[0] !== 0x1f || buffer[1] !== 0x8b) return file;
  return unzipped(path, file);
}

async function* unzipped(path: string, file: Readable): AsyncGenerator<unknown> {
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !code.startsWith('Z_')) throw error;
    throw new FileFormatError({ path, expected: 'gzipped JSONL', received: message });
  } finally {
    file.destroy();
  }
}
