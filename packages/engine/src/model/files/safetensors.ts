import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { dequantize } from '@selfjudge/native';

import { check, path as isPath, text } from '@selfjudge/base/checks';
import { ArgumentError, FileFormatError, readJson } from '@selfjudge/base';
import { readExactly, withFile } from '@selfjudge/base/internal';
import { isRows, spanOf, type RowRange } from './rows.js';

/** Bytes a value of each dtype of the format. Only F32, F16 and BF16 can be read as values; the others may be present. */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** The format's own limit on the header. */
const MAX_HEADER = 100_000_000;

export interface SafetensorsTensor {
  dtype: string;
  shape: number[];
  /** The file the tensor is in. */
  path: string;
  /** Bytes from the start of that file. */
  offset: number;
  bytes: number;
}

/** A tensor on the host: float32 values, or the bits of bf16 values. */
export type HostTensor =
  | { dtype: 'float32'; shape: number[]; data: Float32Array }
  | { dtype: 'bf16'; shape: number[]; data: Uint16Array };

/** Named tensors in one or more safetensors files, read one at a time. */
export class Safetensors {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: Readonly<Record<string, string>>;

  private constructor(
    path: string,
    tensors: ReadonlyMap<string, SafetensorsTensor>,
    metadata: Record<string, string>,
  ) {
    this.path = path;
    this.tensors = tensors;
    this.metadata = metadata;
  }

  /**
   * Reads and checks the header of a `.safetensors` file, or of all files that a `.safetensors.index.json` names.
   * Format: https://huggingface.co/docs/safetensors.
   *
   * @throws FileFormatError naming path, offset, expected and received
   */
  static open(path: string): Safetensors {
    check('Safetensors.open', { path }, { path: isPath });
    if (path.endsWith('.json')) return new Safetensors(path, readIndex(path), {});
    const { tensors, metadata } = readHeader(path);
    return new Safetensors(path, tensors, metadata);
  }

  /** Opens `stem.safetensors` in a folder or, where there is none, `stem.safetensors.index.json`. */
  static openIn(folder: string, stem: string): Safetensors {
    check('Safetensors.openIn', { folder, stem }, { folder: isPath, stem: isPath });
    const path = join(folder, `${stem}.safetensors`);
    const index = `${path}.index.json`;
    return Safetensors.open(existsSync(path) || !existsSync(index) ? path : index);
  }

  /**
   * F32 and F16 as float32 values, BF16 as its bits.
   *
   * @param rows those to read, all by default; of at most 2^30 values
   */
  read(name: string, rows?: RowRange): HostTensor {
    check('Safetensors.read', { name, rows }, { name: text, rows: isRows });
    const tensor = this.#tensor('Safetensors.read', name);
    const { dtype, path } = tensor;
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
      throw new FileFormatError({
        path,
        offset: tensor.offset,
        expected: `'${name}' of dtype F32, F16 or BF16`,
        received: dtype,
      });
    }
    const { shape, start, count } = spanOf('Safetensors.read', name, tensor.shape, rows);
    const size = DTYPE_BYTES[dtype];
    const offset = tensor.offset + start * size;
    const into = rows?.scratch?.bytes(count * size);
    const bytes = withFile(path, (fd) => readExactly(fd, path, offset, count * size, into));
    if (dtype === 'F32') return { dtype: 'float32', shape, data: new Float32Array(bytes.buffer, 0, count) };
    if (dtype === 'BF16') return { dtype: 'bf16', shape, data: new Uint16Array(bytes.buffer, 0, count) };
    return { dtype: 'float32', shape, data: dequantize('F16', bytes, count, rows?.scratch?.floats(count)) };
  }

  /**
   * A tensor's bytes as the file has them, of any dtype.
   *
   * @param range the bytes `from` to `to` of it, all by default; at most 2^30
   */
  readBytes(name: string, range?: RowRange): Uint8Array {
    check('Safetensors.readBytes', { name, range }, { name: text, range: isRows });
    const { path, offset, bytes } = this.#tensor('Safetensors.readBytes', name);
    const { start, count } = spanOf('Safetensors.readBytes', name, [bytes], range);
    const into = range?.scratch?.bytes(count);
    return withFile(path, (fd) => readExactly(fd, path, offset + start, count, into));
  }

  #tensor(where: string, name: string): SafetensorsTensor {
    const tensor = this.tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new ArgumentError('name', { where, expected: `a tensor of ${this.path}`, received: name });
  }
}

interface Header {
  tensors: Map<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

function readHeader(path: string): Header {
  return withFile(path, (fd, size) => {
    const fail = (expected: string, received: unknown, offset: number): never => {
      throw new FileFormatError({ path, offset, expected, received });
    };
    if (size < 8) fail('8 bytes of header length', `a file of ${size} bytes`, 0);
    const length = readExactly(fd, path, 0, 8).readBigUInt64LE();
    const limit = Math.min(size - 8, MAX_HEADER);
    if (length > BigInt(limit)) fail(`a header of at most ${limit} bytes`, length, 0);
    const data = 8 + Number(length);
    const json = readExactly(fd, path, 8, Number(length)).toString('utf8');
    let header: unknown;
    try {
      header = JSON.parse(json);
    } catch (error) {
      fail('a header in JSON', (error as Error).message, 8);
    }
    if (!isObject(header)) fail('a JSON object as header', json, 8);
    const tensors = new Map<string, SafetensorsTensor>();
    let metadata: Record<string, string> = {};
    for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
      if (name === '__metadata__') {
        if (!isObject(entry) || Object.values(entry).some((v) => typeof v !== 'string')) {
          fail('__metadata__ from strings to strings', entry, 8);
        }
        metadata = entry as Record<string, string>;
      } else {
        tensors.set(name, tensorEntry(path, name, entry, data));
      }
    }
    checkPlaces(path, tensors, data, size);
    return { tensors, metadata };
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isCount = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;

/** One entry of the header: `{dtype, shape, data_offsets: [begin, end]}`, offsets from the end of the header. */
function tensorEntry(path: string, name: string, entry: unknown, data: number): SafetensorsTensor {
  const fail = (expected: string, received: unknown): never => {
    throw new FileFormatError({ path, offset: 8, expected: `'${name}': ${expected}`, received });
  };
  if (!isObject(entry)) return fail('an object', entry);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    return fail(`a dtype of ${Object.keys(DTYPE_BYTES).join(', ')}`, dtype);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail('a shape of whole numbers', shape);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    return fail('data_offsets [begin, end]', offsets);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = (shape as number[]).reduce((a, b) => a * b, DTYPE_BYTES[dtype]);
  if (end - begin !== bytes) {
    return fail(`${bytes} bytes for ${dtype} [${shape.join(', ')}]`, `${end - begin} bytes`);
  }
  return { dtype, shape: shape as number[], path, offset: data + begin, bytes };
}

/** The format wants the tensors to fill the rest of the file: no overlap, no hole, nothing after the last. */
function checkPlaces(
  path: string,
  tensors: Map<string, SafetensorsTensor>,
  data: number,
  size: number,
): void {
  let end = data;
  for (const [name, t] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (t.offset !== end) {
      const expected = `'${name}' to begin where the one before it ends, at byte ${end}`;
      throw new FileFormatError({ path, offset: t.offset, expected, received: `byte ${t.offset}` });
    }
    end += t.bytes;
    if (end > size) {
      const expected = `'${name}' to end inside the file of ${size} bytes`;
      throw new FileFormatError({ path, offset: t.offset, expected, received: `byte ${end}` });
    }
  }
  if (end !== size) {
    throw new FileFormatError({
      path,
      offset: end,
      expected: 'the end of the file',
      received: `${size - end} bytes`,
    });
  }
}

/** Tensors of the shards that `{"weight_map": {tensor name: file name}}` names; they are beside the index. */
function readIndex(path: string): Map<string, SafetensorsTensor> {
  const fail = (expected: string, received: unknown): never => {
    throw new FileFormatError({ path, expected, received });
  };
  const map = (readJson(path) as { weight_map?: unknown } | null)?.weight_map;
  if (!isObject(map)) return fail('an object weight_map', map);
  const shards = new Map<string, Header>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || basename(file) !== file || !file.endsWith('.safetensors')) {
      return fail(`the file of '${name}' as the name of a .safetensors file in the same folder`, file);
    }
    let shard = shards.get(file);
    if (shard === undefined) {
      const own = join(dirname(path), file);
      if (!existsSync(own)) fail(`the shard ${file} beside the index`, 'nothing there');
      shards.set(file, (shard = readHeader(own)));
    }
    if (!shard.tensors.has(name)) fail(`'${name}' in ${file}`, 'no such tensor');
  }
  // What a shard holds counts, whether the index names it or not, as in transformers.
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [file, shard] of shards) {
    for (const [name, tensor] of shard.tensors) {
      const other = tensors.get(name);
      if (other !== undefined) fail(`'${name}' in one shard`, `it in ${basename(other.path)} and ${file}`);
      tensors.set(name, tensor);
    }
  }
  return tensors;
}

/** A tensor's values, whatever they are stored in. */
export function float32Of({ dtype, data }: HostTensor): Float32Array {
  if (dtype === 'float32') return data;
  const words = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) words[i] = data[i] << 16;
  return new Float32Array(words.buffer);
}
