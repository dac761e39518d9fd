import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { FileFormatError, fileSystemError } from '@selfjudge/base';

import { withExactColumns } from './exactColumns.js';
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

/** Bytes that may come out of any gzipped file, and how many times its size beyond that. JSONL is seldom packed 20-fold. */
const SMALL = 1 << 20;
const MOST_EXPANSION = 200;

/** Broken lines after which a file that has no more good ones is taken for another kind of file. */
const MANY = 10_000;

/**
 * Reads JSONL, gzipped or not (told by its first bytes). Blank lines are skipped; a line that is no JSON object becomes
 * an issue and the rest is read on, unless most of ten thousand lines are such.
 *
 * @throws FileFormatError when the file is another kind of file, cannot be decompressed, or becomes over 200 times as large (and over 1 MiB);
 *   FileSystemError when it cannot be read
 */
export async function readJsonl(path: string): Promise<JsonlFile> {
  try {
    return await parseJsonl(path, createReadStream(path));
  } catch (error) {
    throw fileSystemError(path, 'a file that can be read', error);
  }
}

/** `readJsonl` of bytes as they come. @param path named in errors */
export async function parseJsonl(path: string, chunks: AsyncIterable<Buffer>): Promise<JsonlFile> {
  const file: JsonlFile = { rows: [], issues: [] };
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 0;
  const add = (bytes: Uint8Array) => {
    line++;
    if (bytes.length === 0) return;
    try {
      const text = decoder.decode(bytes).trim();
      if (text === '') return;
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new SyntaxError(`expected a JSON object, received ${text.slice(0, 40)}`);
      }
      file.rows.push({ line, value: withExactColumns(value as Record<string, unknown>, text) });
    } catch (error) {
      file.issues.push({ file: path, line, code: 'broken-line', reason: (error as Error).message });
      const { length } = file.issues;
      if (length < MANY || length < file.rows.length) return;
      const received = `${length} other lines, as line ${line} (${(error as Error).message})`;
      throw new FileFormatError({ path, expected: 'JSONL, a JSON object a line', received });
    }
  };
  // Only \n ends a line: JSON strings may hold U+2028 and the like, which Node's readline breaks at.
  let rest: Uint8Array[] = [];
  for await (const bytes of unzipped(path, chunks)) {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const tail = bytes.subarray(start, end);
      add(rest.length === 0 ? tail : Buffer.concat([...rest, tail]));
      rest = [];
      start = end + 1;
    }
    if (start < bytes.length) rest.push(bytes.subarray(start));
  }
  if (rest.length > 0) add(Buffer.concat(rest));
  return file;
}

/** The bytes, decompressed where they begin as gzip does. */
async function* unzipped(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = chunks[Symbol.asyncIterator]();
  const first = await bytes.next();
  const whole = async function* (): AsyncGenerator<Buffer> {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => bytes };
  };
  const [a, b] = first.done === true ? [] : first.value;
  yield* a === 0x1f && b === 0x8b ? gunzipped(path, whole()) : whole();
}

async function* gunzipped(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const source = Readable.from(chunks);
  source.on('error', (error) => gunzip.destroy(error));
  let size = 0;
  try {
    for await (const chunk of source.pipe(gunzip)) {
      size += (chunk as Buffer).length;
      if (size > SMALL && size > MOST_EXPANSION * gunzip.bytesWritten) {
        throw new FileFormatError({
          path,
          expected: `gzipped JSONL that becomes at most ${MOST_EXPANSION} times as large`,
          received: `${size} bytes from ${gunzip.bytesWritten}`,
        });
      }
      yield chunk as Buffer;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !code.startsWith('Z_')) throw error;
    throw new FileFormatError({ path, expected: 'gzipped JSONL', received: message });
  } finally {
    source.destroy();
  }
}
