import { fstatSync, openSync, closeSync, readSync } from 'node:fs';

import { FileFormatError } from '../errors.js';
import { LFS_POINTER_BYTES, refuseLfsPointer } from './lfsPointer.js';

/** Bytes fetched from the file at once while a header is parsed. */
const WINDOW = 1 << 20;

/**
 * Reads `length` bytes at `offset`, or throws a FileFormatError when the file ends before that.
 *
 * @param bytes where to, of this length; by default memory of their own
 */
export function readExactly(
  fd: number,
  path: string,
  offset: number,
  length: number,
  bytes: Uint8Array = Buffer.allocUnsafeSlow(length),
): Buffer {
  let done = 0;
  while (done < length) {
    // One readSync may take at most 2^31 - 1 bytes.
    const n = readSync(fd, bytes, done, Math.min(length - done, 1 << 30), offset + done);
    if (n === 0)
      throw new FileFormatError({ path, offset, expected: `${length} bytes`, received: `${done}` });
    done += n;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, length);
}

/**
 * Opens a file for reading, runs `fn(fd, size)` and closes it again. A missing file is a FileFormatError, a pointer of Git LFS too.
 */
export function withFile<T>(path: string, fn: (fd: number, size: number) => T): T {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new FileFormatError({ path, expected: 'a readable file', received: (error as Error).message });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new FileFormatError({ path, expected: 'a file', received: 'something else' });
    if (stat.size <= LFS_POINTER_BYTES)
      refuseLfsPointer(path, readExactly(fd, path, 0, stat.size).toString('latin1'));
    return fn(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

/**
 * A forward reader of little-endian values over an open file. It holds one window of the file, and nothing is read,
 * counted or allocated before it is checked against what is left of the file.
 */
export class ByteReader {
  readonly path: string;
  readonly size: number;
  #fd: number;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;

  constructor(fd: number, path: string, size: number) {
    this.#fd = fd;
    this.path = path;
    this.size = size;
  }

  /** Bytes from the start of the file to the next value. */
  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.size - this.#at;
  }

  fail(expected: string, received: unknown, offset = this.#at): never {
    throw new FileFormatError({ path: this.path, offset, expected, received });
  }

  u8 = (): number => this.#take(1, (b, o) => b.readUInt8(o));
  i8 = (): number => this.#take(1, (b, o) => b.readInt8(o));
  u16 = (): number => this.#take(2, (b, o) => b.readUInt16LE(o));
  i16 = (): number => this.#take(2, (b, o) => b.readInt16LE(o));
  u32 = (): number => this.#take(4, (b, o) => b.readUInt32LE(o));
  i32 = (): number => this.#take(4, (b, o) => b.readInt32LE(o));
  f32 = (): number => this.#take(4, (b, o) => b.readFloatLE(o));
  f64 = (): number => this.#take(8, (b, o) => b.readDoubleLE(o));
  u64 = (): bigint => this.#take(8, (b, o) => b.readBigUInt64LE(o));
  i64 = (): bigint => this.#take(8, (b, o) => b.readBigInt64LE(o));

  /** A count of things that take at least `each` bytes of what is left of the file. */
  count(what: string, each: number): number {
    const at = this.#at;
    const n = this.u64();
    if (n > BigInt(Math.floor(this.left / each))) {
      this.fail(`a number of ${what} that fits in the ${this.left} bytes left`, n, at);
    }
    return Number(n);
  }

  /** `length` bytes as UTF-8. Invalid sequences become U+FFFD: they occur in the vocabularies of byte tokens. */
  text(length: number): string {
    if (length > this.left) this.fail(`${length} bytes of text`, `${this.left} bytes to the end`);
    if (length > WINDOW) {
      const at = this.#at;
      this.#at += length;
      return readExactly(this.#fd, this.path, at, length).toString('utf8');
    }
    return this.#take(length, (b, o) => b.toString('utf8', o, o + length));
  }

  #take<T>(length: number, get: (bytes: Buffer, offset: number) => T): T {
    const at = this.#at;
    if (length > this.left) this.fail(`${length} more bytes`, `${this.left} bytes to the end`);
    if (at + length > this.#start + this.#window.length) {
      this.#window = readExactly(this.#fd, this.path, at, Math.min(WINDOW, this.left));
      this.#start = at;
    }
    this.#at = at + length;
    return get(this.#window, at - this.#start);
  }
}
