import { createReadStream } from 'node:fs';

import { fileSystemError } from '@selfjudge/base';
import { isStandardInput, standardInput } from '@selfjudge/base/internal';

import { CsvReader, separatorOf } from './csv.js';
import { LineCutter } from './lines.js';
import { isParquet, refuseArray, refuseOtherKinds } from './otherKinds.js';
import { parquetRows } from './parquet.js';
import { RowReader, type DataFile } from './rowReader.js';
import type { RowShape } from './shaper.js';
import { chained, unpacked } from './unpacked.js';

/** White space, and the bytes of a BOM. */
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
/** As far as a file is looked at before it is read: a header is not longer. */
const HEAD = 1 << 16;

/** Bytes of a JSON array, which is read as one text: V8 has none much longer. */
const LONGEST_ARRAY = 2 ** 29 - 2 ** 10;

/** Names of files of rows. */
export const DATA_FILE_NAME = /\.((jsonl?|csv|tsv)(\.(gz|zst))?|parquet)$/i;

export interface ReadOptions {
  /** What the rows are: told by their columns ('auto', the default), a known shape, or a mapping of their columns. */
  shape?: RowShape;
  /** Told how many bytes of the file were read so far, as it has them; of Parquet the share of its rows. */
  onBytes?(bytes: number): void;
}

/**
 * The rows of a file, told by its first bytes: JSONL, one JSON array of objects, CSV (TSV; a header, RFC 4180's quotes), each
 * also in gzip or zstd, or Parquet. `-` is the standard input, which cannot be Parquet. Rows stand in the order of the file.
 * What is no row becomes an issue and the rest is read on, unless most of ten thousand are such. NaN and Infinity, which
 * Python writes, are read as null.
 *
 * Rows of a known shape (`SHAPES`) are read in the columns of TRL and of judgments.
 *
 * @throws DataError for rows of two shapes; FileFormatError when the file is of another kind, is torn, has a line of over 64 MiB or an
 *   array of over 512, or becomes over 200 times as large (and over 1 MiB); FileSystemError when it cannot be read
 */
export async function readDataFile(path: string, options?: ReadOptions): Promise<DataFile> {
  const file: DataFile = { rows: [], issues: [] };
  for await (const { rows, issues } of dataFileParts(path, options)) {
    for (const row of rows) file.rows.push(row);
    for (const issue of issues) file.issues.push(issue);
  }
  return file;
}

/** `readDataFile` in parts, as they are read: no more of the file is held than one of them, but for a JSON array. */
export async function* dataFileParts(path: string, options?: ReadOptions): AsyncGenerator<DataFile> {
  try {
    const chunks = isStandardInput(path) ? standardInput() : createReadStream(path);
    yield* partsOf(path, counted(chunks, options?.onBytes), options);
  } catch (error) {
    throw fileSystemError(path, 'a file that can be read', error);
  }
}

/** `dataFileParts` of bytes as they come. @param path whose bytes they are: named in errors, and where Parquet is read */
export async function* partsOf(
  path: string,
  chunks: AsyncIterable<Buffer>,
  { shape = 'auto', onBytes }: ReadOptions = {},
): AsyncGenerator<DataFile> {
  const { head, bytes, isPacked } = await begun(path, chunks);
  if (isParquet(head) && !isPacked && !isStandardInput(path)) return yield* parquetRows(path, shape, onBytes);
  refuseOtherKinds(path, head);
  const rows = new RowReader(path, shape);
  if (beginsArray(head)) {
    const all: Buffer[] = [];
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > LONGEST_ARRAY) refuseArray(path, `of over ${LONGEST_ARRAY} bytes, which is held whole`);
      all.push(chunk);
    }
    rows.array(Buffer.concat(all));
    return yield rows.take();
  }
  const separator = separatorOf(path, head);
  const reader = separator === undefined ? rows : new CsvReader(path, separator, rows);
  const lines = new LineCutter(path, (line) => reader.line(line));
  for await (const chunk of bytes) {
    lines.add(chunk);
    yield rows.take();
  }
  lines.end();
  reader.end();
  yield rows.take();
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  onBytes: ReadOptions['onBytes'],
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    yield chunk;
    onBytes?.(size);
  }
}

/** What a file begins with, unpacked, and all of its bytes. */
async function begun(path: string, chunks: AsyncIterable<Buffer>) {
  const { bytes, isPacked } = await unpacked(path, chunks);
  const source = bytes[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let size = 0;
  while (size < HEAD) {
    const { value, done } = await source.next();
    if (done === true) break;
    first.push(value);
    size += value.length;
  }
  const head = Buffer.concat(first);
  return { head, bytes: chained([head], source), isPacked };
}

/** Whether the first character that is no white space opens an array. */
function beginsArray(head: Buffer): boolean {
  return head.find((byte) => !SPACES.has(byte)) === 0x5b;
}
