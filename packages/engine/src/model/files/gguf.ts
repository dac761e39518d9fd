import { dequantize } from '@selfjudge/native';

import { ArgumentError } from '@selfjudge/base';
import { check, text as isText } from '@selfjudge/base/checks';
import { ByteReader, readExactly, withFile } from '@selfjudge/base/internal';
import { assertReadable, blockNamed, blockOf } from './ggufTypes.js';
import { isRows, spanOf, type RowRange } from './rows.js';

/** A metadata value. 64-bit integers are numbers where a number holds them exactly, bigints otherwise. */
export type GgufValue = number | bigint | boolean | string | GgufValue[];

export interface GgufTensor {
  /** 'F32', 'Q4_1', ...; 'type 99' when it is none we know by name: then `bytes` is 0. */
  type: string;
  /** Row-major: a matrix is [rows, columns]. (The file lists the fastest dimension first.) */
  shape: number[];
  /** The file it is in. */
  path: string;
  /** Bytes from the start of that file. */
  offset: number;
  bytes: number;
}

export interface GgufFile {
  path: string;
  version: number;
  metadata: Map<string, GgufValue>;
  tensors: Map<string, GgufTensor>;
  /**
   * The tensor as float32 values in row-major order; quantised blocks are expanded.
   *
   * @param rows those to read, all by default; whole blocks, of at most 2^30 values
   */
  read(name: string, rows?: RowRange): Float32Array;
}

/** Smallest bytes of a value of each metadata type, by the type's number. */
const VALUE_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];
const STRING = 8;
const ARRAY = 9;

/**
 * Reads the header of a GGUF file (versions 2 and 3, little-endian); tensor data is read on demand. Everything the
 * header says is checked against the size of the file. Format: ggml's docs/gguf.md.
 *
 * @throws FileFormatError naming path, offset, expected and received
 */
export function readGguf(path: string): GgufFile {
  return withFile(path, (fd, size) => {
    const reader = new ByteReader(fd, path, size);
    const magic = reader.left < 4 ? '' : reader.text(4);
    if (magic !== 'GGUF') reader.fail("the magic 'GGUF'", JSON.stringify(magic), 0);
    const version = reader.u32();
    if (version !== 2 && version !== 3) reader.fail('GGUF version 2 or 3, little-endian', version, 4);
    // A tensor takes at least a name's length, a rank, one dimension, a type and an offset.
    const nTensors = reader.count('tensors', 32);
    const nValues = reader.count('metadata values', 13);
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < nValues; i++) {
      const at = reader.offset;
      const key = text(reader);
      if (metadata.has(key)) reader.fail('each metadata key once', `'${key}' twice`, at);
      metadata.set(key, value(reader, reader.u32(), 0));
    }
    const tensors = tensorTable(reader, nTensors, alignment(reader, metadata));
    return { path, version, metadata, tensors, read: (name, rows) => readTensor(path, tensors, name, rows) };
  });
}

function text(reader: ByteReader): string {
  return reader.text(reader.count('characters', 1));
}

function value(reader: ByteReader, type: number, depth: number): GgufValue {
  switch (type) {
    case 0:
      return reader.u8();
    case 1:
      return reader.i8();
    case 2:
      return reader.u16();
    case 3:
      return reader.i16();
    case 4:
      return reader.u32();
    case 5:
      return reader.i32();
    case 6:
      return reader.f32();
    case 7:
      return reader.u8() !== 0;
    case STRING:
      return text(reader);
    case ARRAY:
      return array(reader, depth);
    case 10:
      return exact(reader.u64());
    case 11:
      return exact(reader.i64());
    case 12:
      return reader.f64();
    default:
      return reader.fail('a metadata type from 0 to 12', type, reader.offset - 4);
  }
}

function array(reader: ByteReader, depth: number): GgufValue[] {
  // Nothing written nests deeper than two; a bound keeps a damaged file from exhausting the stack.
  if (depth > 3) reader.fail('arrays nested at most 4 deep', 'deeper ones');
  const type = reader.u32();
  if (type >= VALUE_BYTES.length) reader.fail('an element type from 0 to 12', type, reader.offset - 4);
  const n = reader.count('array elements', VALUE_BYTES[type]);
  const values: GgufValue[] = [];
  for (let i = 0; i < n; i++) values.push(value(reader, type, depth + 1));
  return values;
}

function exact(n: bigint): number | bigint {
  const number = Number(n);
  return Number.isSafeInteger(number) ? number : n;
}

function alignment(reader: ByteReader, metadata: Map<string, GgufValue>): number {
  const n = metadata.get('general.alignment') ?? 32;
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 8 || n > 1 << 20 || n % 8 !== 0) {
    reader.fail('general.alignment a multiple of 8, at most 1048576', String(n));
  }
  return n as number;
}

/** The table of tensors, each with its place in the file: after the table, from the next multiple of `align`. */
function tensorTable(reader: ByteReader, n: number, align: number): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (let i = 0; i < n; i++) {
    const at = reader.offset;
    const name = text(reader);
    if (tensors.has(name)) reader.fail('each tensor once', `'${name}' twice`, at);
    tensors.set(name, tensorInfo(reader, name, align));
  }
  const data = Math.ceil(reader.offset / align) * align;
  for (const tensor of tensors.values()) tensor.offset += data;
  let end = data;
  let last = 'the header';
  for (const [name, tensor] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset)) {
    if (tensor.offset < end) {
      reader.fail(`data of '${name}' after that of ${last}, from byte ${end}`, tensor.offset, tensor.offset);
    }
    end = tensor.offset + tensor.bytes;
    if (end > reader.size) {
      reader.fail(`'${name}' of ${tensor.bytes} bytes in a file of ${reader.size}`, `its end at ${end}`);
    }
    last = `'${name}'`;
  }
  return tensors;
}

function tensorInfo(reader: ByteReader, name: string, align: number): GgufTensor {
  const at = reader.offset;
  const rank = reader.u32();
  if (rank < 1 || rank > 4) reader.fail(`'${name}' of rank 1 to 4`, rank, at);
  const shape: number[] = [];
  let size = 1n;
  for (let i = 0; i < rank; i++) {
    const n = reader.u64();
    size *= n;
    if (n === 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) {
      reader.fail(`'${name}' of positive dimensions`, `${n} for dimension ${i}`, at);
    }
    shape.unshift(Number(n));
  }
  const typeAt = reader.offset;
  const [type, values, bytes] = blockOf(reader.u32());
  const columns = shape[shape.length - 1];
  if (columns % values !== 0) {
    reader.fail(
      `'${name}' of ${type}: rows of whole blocks of ${values} values`,
      `${columns} values`,
      typeAt,
    );
  }
  const offset = reader.u64();
  if (offset % BigInt(align) !== 0n || offset > BigInt(reader.size)) {
    reader.fail(`'${name}' at a multiple of ${align} bytes inside the file`, offset, reader.offset - 8);
  }
  const { path } = reader;
  return { type, shape, path, offset: Number(offset), bytes: (Number(size) / values) * bytes };
}

/** The tensor's values. @param path named where there is none of this name */
export function readTensor(
  path: string,
  tensors: ReadonlyMap<string, GgufTensor>,
  name: string,
  rows?: RowRange,
): Float32Array {
  check('GgufFile.read', { name, rows }, { name: isText, rows: isRows });
  const tensor = tensors.get(name);
  if (tensor === undefined) {
    throw new ArgumentError('name', {
      where: 'GgufFile.read',
      expected: `a tensor of ${path}`,
      received: name,
    });
  }
  assertReadable(tensor, name);
  const { type, shape } = tensor;
  const { start, count } = spanOf('GgufFile.read', name, shape, rows);
  const [, values, bytes] = blockNamed(type);
  if (start % values !== 0 || count % values !== 0) {
    throw new ArgumentError('rows', {
      where: 'GgufFile.read',
      expected: `whole blocks of ${values} values of '${name}'`,
      received: `${count} values from ${start}`,
    });
  }
  const offset = tensor.offset + (start / values) * bytes;
  const size = (count / values) * bytes;
  const into = rows?.scratch?.bytes(size);
  const data = withFile(tensor.path, (fd) => readExactly(fd, tensor.path, offset, size, into));
  return dequantize(type, data, count, rows?.scratch?.floats(count));
}
