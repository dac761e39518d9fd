import { ArgumentError } from '@selfjudge/base';
import { kind } from '@selfjudge/base/checks';
import { atomicWrite } from '@selfjudge/base/internal';
import { DTYPE_BYTES } from './safetensors.js';

/** A tensor to write. `values` is asked for when its turn comes, so that only one, or a part of one, is on the host at a time. */
export interface TensorToWrite {
  name: string;
  /** One of the format's: 'F32', 'F16', 'BF16', ... */
  dtype: string;
  shape: readonly number[];
  /**
   * The values as the file has them, in a typed array of any kind. BF16 also takes float32 values, which must be bf16 values
   * widened: only their upper halves are written. Or parts of them, one after another: each is done with when the next is
   * asked for.
   */
  values: () => Promise<TensorValues> | TensorValues | AsyncIterable<TensorValues>;
}

export type TensorValues = Float32Array | Uint16Array | Uint8Array;

/** The values of a tensor in one part or more. */
export async function* partsOf<T extends object>(
  values: Promise<T> | T | AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  if (typeof values === 'object' && values !== null && Symbol.asyncIterator in values) yield* values;
  else yield await values;
}

/**
 * Writes a safetensors file atomically, with the metadata `{"format": "pt"}` that PyTorch's readers ask for. Wide values
 * come first and names are sorted within a width, so that data is aligned and equal tensors give equal files.
 */
export async function writeSafetensors(path: string, tensors: Iterable<TensorToWrite>): Promise<void> {
  const order = [...tensors].sort(
    (a, b) => bytesOfDtype(b.dtype) - bytesOfDtype(a.dtype) || (a.name < b.name ? -1 : 1),
  );
  const entries: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  let offset = 0;
  for (const tensor of order) {
    const end = offset + bytesToWrite(tensor);
    entries.push([tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  await atomicWrite(path, chunks(header, order));
}

/** Bytes that a tensor takes in a file. */
export function bytesToWrite({ dtype, shape }: Pick<TensorToWrite, 'dtype' | 'shape'>): number {
  return shape.reduce((a, b) => a * b, bytesOfDtype(dtype));
}

function bytesOfDtype(dtype: string): number {
  if (Object.hasOwn(DTYPE_BYTES, dtype)) return DTYPE_BYTES[dtype];
  throw new ArgumentError('dtype', {
    where: 'writeSafetensors',
    expected: `one of ${Object.keys(DTYPE_BYTES).join(', ')}`,
    received: dtype,
  });
}

async function* chunks(header: Uint8Array, tensors: TensorToWrite[]): AsyncIterable<Uint8Array> {
  yield header;
  for (const tensor of tensors) {
    yield* bytesOf(tensor);
  }
}

async function* bytesOf(tensor: TensorToWrite): AsyncIterable<Uint8Array> {
  const { name, dtype } = tensor;
  const expected = bytesToWrite(tensor);
  let bytes = 0;
  let count = 0;
  let size = 1;
  for await (const values of partsOf(tensor.values())) {
    isValues(values, `'${name}'`, 'writeSafetensors');
    const widened = dtype === 'BF16' && values instanceof Float32Array;
    const { buffer, byteOffset, byteLength } = widened ? upperHalves(values) : values;
    bytes += byteLength;
    count += values.length;
    size = widened ? 2 : values.BYTES_PER_ELEMENT;
    if (bytes <= expected) yield new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (bytes !== expected) {
    throw new ArgumentError(`'${name}'`, {
      where: 'writeSafetensors',
      expected: `${expected / size} values`,
      received: count,
    });
  }
}

const isValues = kind(
  'a Float32Array, Uint16Array or Uint8Array',
  (value) => value instanceof Float32Array || value instanceof Uint16Array || value instanceof Uint8Array,
);

/** The bits of float32 values that are bf16 values. Read as integers, so that NaNs keep their bits. */
export function upperHalves(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.buffer, values.byteOffset, 2 * values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = halves[2 * i + 1];
  return out;
}

/** Whether every value is a bf16 value, so that BF16 stores it without loss. */
export function fitsBf16(values: Float32Array): boolean {
  const halves = new Uint16Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let i = 0; i < halves.length; i += 2) if (halves[i] !== 0) return false;
  return true;
}
