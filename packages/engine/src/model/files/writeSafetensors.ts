import {
  callback,
  check,
  float32s,
  iterable,
  list,
  object,
  oneOf,
  path as isPath,
  text,
  whole,
} from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { atomicWrite } from '@selfjudge/base';

/** A tensor to write. `values` is asked for when its turn comes, so that only one is on the host at a time. */
export interface TensorToWrite {
  name: string;
  dtype: 'F32' | 'BF16';
  shape: readonly number[];
  /** float32 values; for BF16 they must be bf16 values widened: only their upper halves are written. */
  values: () => Promise<Float32Array> | Float32Array;
}

const isTensor = object({ name: text, dtype: oneOf('F32', 'BF16'), shape: list(whole(0)), values: callback });

/**
 * Writes a safetensors file atomically, with the metadata `{"format": "pt"}` that PyTorch's readers ask for. F32
 * tensors come first and names are sorted within a dtype, so that data is aligned and equal tensors give equal files.
 */
export async function writeSafetensors(path: string, tensors: Iterable<TensorToWrite>): Promise<void> {
  check('writeSafetensors', { path, tensors }, { path: isPath, tensors: iterable });
  const all = [...tensors];
  check('writeSafetensors', { tensors: all }, { tensors: list(isTensor) });
  const order = all.sort(
    (a, b) => Number(b.dtype === 'F32') - Number(a.dtype === 'F32') || (a.name < b.name ? -1 : 1),
  );
  const entries: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  let offset = 0;
  for (const { name, dtype, shape } of order) {
    const end = offset + size(shape) * (dtype === 'F32' ? 4 : 2);
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  await atomicWrite(path, chunks(header, order));
}

async function* chunks(header: Uint8Array, tensors: TensorToWrite[]): AsyncIterable<Uint8Array> {
  yield header;
  for (const { name, dtype, shape, values } of tensors) {
    const data = await values();
    float32s(data, `'${name}'`, 'writeSafetensors');
    if (data.length !== size(shape)) {
      throw new ArgumentError(`'${name}'`, {
        where: 'writeSafetensors',
        expected: `${size(shape)} values`,
        received: data.length,
      });
    }
    if (dtype === 'F32') yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    else yield new Uint8Array(upperHalves(data).buffer);
  }
}

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

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
