import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { FileFormatError, fileSystemError } from '@selfjudge/base';
import { isStandardInput, standardInput } from '@selfjudge/base/internal';

import { refuseOtherKinds } from './otherKinds.js';
import { RowReader, type JsonlFile } from './rowReader.js';

const NEWLINE = 0x0a;
/** White space, and the bytes of a BOM. */
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** Bytes that may come out of any gzipped file, and how many times its size beyond that. JSONL is seldom packed 20-fold. */
const SMALL = 1 << 20;
const MOST_EXPANSION = 200;

/**
 * Reads JSONL, gzipped or not (told by its first bytes; `-` is the standard input), or one JSON array of objects, whose elements then count as lines.
 * Blank lines are skipped; a line that is no JSON object becomes an issue and the rest is read on, unless most of ten
 * thousand lines are such. NaN and Infinity, which Python writes, are read as null.
 *
 * @throws FileFormatError when the file is another kind of file, cannot be decompressed, or becomes over 200 times as large (and over 1 MiB);
 *   FileSystemError when it cannot be read
 */
export async function readJsonl(path: string): Promise<JsonlFile> {
  try {
    return await parseJsonl(path, isStandardInput(path) ? standardInput() : createReadStream(path));
  } catch (error) {
    throw fileSystemError(path, 'a file that can be read', error);
  }
}

/** `readJsonl` of bytes as they come. @param path named in errors */
export async function parseJsonl(path: string, chunks: AsyncIterable<Buffer>): Promise<JsonlFile> {
  const rows = new RowReader(path);
  // Only \n ends a line: JSON strings may hold U+2028 and the like, which Node's readline breaks at.
  let rest: Uint8Array[] = [];
  let array: boolean | undefined;
  for await (const bytes of unzipped(path, chunks)) {
    if (array === undefined) refuseOtherKinds(path, bytes);
    array ??= beginsArray(bytes);
    let start = 0;
    for (let end = array ? -1 : bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const tail = bytes.subarray(start, end);
      rows.line(rest.length === 0 ? tail : Buffer.concat([...rest, tail]));
      rest = [];
      start = end + 1;
    }
    if (start < bytes.length) rest.push(bytes.subarray(start));
  }
  if (array) rows.array(Buffer.concat(rest));
  else if (rest.length > 0) rows.line(Buffer.concat(rest));
  return rows.done();
}

/** Whether the first character that is no white space opens an array; undefined where there is none. */
function beginsArray(bytes: Buffer): boolean | undefined {
  const first = bytes.findIndex((byte) => !SPACES.has(byte));
  return first === -1 ? undefined : bytes[first] === 0x5b;
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
