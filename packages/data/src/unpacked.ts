import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { FileFormatError } from '@selfjudge/base';

import { unzstd } from './zstd.js';

/** Bytes that may come out of any packed file, and how many times its size beyond that. JSONL is seldom packed 20-fold. */
const SMALL = 1 << 20;
const MOST_EXPANSION = 200;

type Unpack = (path: string, chunks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>;

const KINDS: readonly { name: string; magic: readonly number[]; unpack: Unpack }[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: gunzip },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: unzstd },
];

/**
 * The bytes of a file, unpacked where they begin as gzip or zstd does.
 * @throws FileFormatError when they cannot be unpacked, or become over 200 times as many and over 1 MiB
 */
export async function unpacked(
  path: string,
  chunks: AsyncIterable<Buffer>,
): Promise<{ bytes: AsyncIterable<Buffer>; isPacked: boolean }> {
  const source = chunks[Symbol.asyncIterator]();
  const { value, done } = await source.next();
  if (done === true) return { bytes: chained([], source), isPacked: false };
  const all = chained([value], source);
  const kind = KINDS.find(({ magic }) => magic.every((byte, i) => value[i] === byte));
  if (kind === undefined) return { bytes: all, isPacked: false };
  return { bytes: bounded(path, kind.name, all, kind.unpack), isPacked: true };
}

/** What was read already, then the rest. */
export async function* chained(
  first: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  yield* first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

async function* bounded(
  path: string,
  name: string,
  chunks: AsyncIterable<Buffer>,
  unpack: Unpack,
): AsyncGenerator<Buffer> {
  let packed = 0;
  let size = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      packed += chunk.length;
      yield chunk;
    }
  };
  for await (const chunk of unpack(path, counted())) {
    size += chunk.length;
    assertExpansion(path, name, size, packed);
    yield chunk;
  }
}

/** @throws FileFormatError when far more came out of a file than was in it */
export function assertExpansion(path: string, kind: string, size: number, packed: number): void {
  if (size <= SMALL || size <= MOST_EXPANSION * packed) return;
  throw new FileFormatError({
    path,
    expected: `${kind} that becomes at most ${MOST_EXPANSION} times as large`,
    received: `${size} bytes from ${packed}`,
  });
}

async function* gunzip(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpacker = createGunzip();
  const source = Readable.from(chunks);
  source.on('error', (error) => unpacker.destroy(error));
  try {
    yield* source.pipe(unpacker) as AsyncIterable<Buffer>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !code.startsWith('Z_')) throw error;
    throw new FileFormatError({ path, expected: 'gzip', received: message });
  } finally {
    source.destroy();
  }
}
