import { quantize, scanValues } from '@selfjudge/native';

import { ArgumentError } from '@selfjudge/base';
import { float32s } from '@selfjudge/base/checks';
import { atomicWrite } from '@selfjudge/base/internal';
import { blockOf } from './ggufTypes.js';
import { checkName, encoded, encodedEntry, type GgufEntry } from './ggufValues.js';
import { partsOf } from './writeSafetensors.js';

/** Of the types that are written ggml's number and the largest magnitude of a value. */
const WRITTEN = {
  F32: { id: 0, largest: 2 ** 128 - 2 ** 104 },
  F16: { id: 1, largest: 65504 },
  BF16: { id: 30, largest: 2 ** 128 - 2 ** 120 },
  // A scale is half precision, and a value at most 127 or 8 of them.
  Q8_0: { id: 8, largest: 127 * 65504 },
  Q4_0: { id: 2, largest: 8 * 65504 },
} as const;

/** A type that tensors are written as. */
export type GgufWrittenType = keyof typeof WRITTEN;

/** A tensor to write. `values` is asked for when its turn comes, so that only one, or a part of one, is on the host at a time. */
export interface GgufTensorToWrite {
  name: string;
  /** Q8_0 and Q4_0 have blocks of 32 values: a tensor whose rows are no multiple of that becomes F16. */
  type: GgufWrittenType;
  /** Row-major, 1 to 4 dimensions: a matrix is [rows, columns]. */
  shape: readonly number[];
  /**
   * float32 values in row-major order, finite; or whole rows of them, one part after another: each is done with when the
   * next is asked for.
   */
  values: () => Promise<Float32Array> | Float32Array | AsyncIterable<Float32Array>;
}

/** Of names of tensors: ggml keeps 64 bytes, a zero at the end among them. */
const LONGEST_NAME = 63;
const ALIGNMENT = 32;
/** Values encoded at once: whole blocks of every type. */
const PIECE = 1 << 20;
const where = 'writeGguf';

/**
 * Writes a GGUF file (version 3, little-endian, data at multiples of 32 bytes) atomically: `path` holds the whole file or
 * what it held before. Metadata and tensors come in the order given. F16 and BF16 round to nearest, ties to even; all
 * have the bits of the Python package gguf (gguf.quants). Format: ggml's docs/gguf.md.
 *
 * @returns the type that each tensor was written as, by name
 * @throws ArgumentError for a key or name that comes twice, a value out of its type's range, and a tensor's value that is
 * not finite or too large for its type, with its place
 */
export async function writeGguf(
  path: string,
  metadata: Iterable<GgufEntry>,
  tensors: Iterable<GgufTensorToWrite>,
): Promise<Map<string, GgufWrittenType>> {
  const entries = encodedMetadata(metadata);
  const planned = plan(tensors);
  await atomicWrite(path, chunks(entries, planned));
  return new Map(planned.map(({ name, type }) => [name, type]));
}

function encodedMetadata(metadata: Iterable<GgufEntry>): Uint8Array[] {
  const keys = new Set<string>();
  return Array.from(metadata, (entry) => {
    const { key, type, value } = entry;
    once(keys, key, 'metadata');
    if (key === 'general.alignment' && (type !== 'u32' || value !== ALIGNMENT)) {
      throw new ArgumentError(`'${key}'`, { where, expected: `u32 ${ALIGNMENT}`, received: value });
    }
    return encodedEntry(entry, where);
  });
}

interface Planned extends GgufTensorToWrite {
  /** Number of values. */
  size: number;
  bytes: number;
}

function plan(tensors: Iterable<GgufTensorToWrite>): Planned[] {
  const names = new Set<string>();
  return Array.from(tensors, (tensor) => {
    const { name, shape } = tensor;
    checkName(name, 'tensors', where, LONGEST_NAME);
    once(names, name, 'tensors');
    const size = shape.reduce((a, b) => a * b, 1);
    if (shape.length < 1 || shape.length > 4 || size < 1 || !Number.isSafeInteger(size)) {
      throw new ArgumentError(`'${name}'`, {
        where,
        expected: '1 to 4 positive dimensions',
        received: shape,
      });
    }
    const fits = shape[shape.length - 1] % blockOf(WRITTEN[tensor.type].id)[1] === 0;
    const type = fits ? tensor.type : 'F16';
    const [, values, bytes] = blockOf(WRITTEN[type].id);
    return { ...tensor, type, size, bytes: (size / values) * bytes };
  });
}

function once(names: Set<string>, name: string, what: string): void {
  if (names.has(name))
    throw new ArgumentError(what, { where, expected: 'each once', received: `'${name}' twice` });
  names.add(name);
}

async function* chunks(
  entries: readonly Uint8Array[],
  tensors: readonly Planned[],
): AsyncIterable<Uint8Array> {
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    encoded('u32', 3),
    encoded('u64', tensors.length),
    encoded('u64', entries.length),
    ...entries,
    ...tensorTable(tensors),
  ]);
  yield header;
  yield padding(header.length);
  for (const tensor of tensors) {
    yield* data(tensor);
    yield padding(tensor.bytes);
  }
}

function tensorTable(tensors: readonly Planned[]): Uint8Array[] {
  let offset = 0;
  return tensors.flatMap(({ name, type, shape, bytes }) => {
    const row = [
      encoded('string', name),
      encoded('u32', shape.length),
      // The fastest dimension first.
      ...shape.toReversed().map((n) => encoded('u64', n)),
      encoded('u32', WRITTEN[type].id),
      encoded('u64', offset),
    ];
    offset += bytes + padding(bytes).length;
    return row;
  });
}

async function* data({ name, type, shape, size, values }: Planned): AsyncIterable<Uint8Array> {
  let written = 0;
  for await (const part of partsOf(values())) {
    float32s(part, `'${name}'`, where);
    if (part.length % shape[shape.length - 1] !== 0) {
      throw new ArgumentError(`'${name}'`, {
        where,
        expected: `whole rows of ${shape[shape.length - 1]} values`,
        received: `${part.length} values at once`,
      });
    }
    for (let start = 0; start < part.length && written + part.length <= size; start += PIECE) {
      const piece = part.subarray(start, start + PIECE);
      const { data, unfit } = type === 'F32' ? asTheyAre(piece) : quantize(type, piece);
      if (unfit >= 0) {
        throw new ArgumentError(`'${name}'`, {
          where,
          expected: `finite values of magnitude at most ${WRITTEN[type].largest} for ${type}`,
          received: `${piece[unfit]} at [${place(written + start + unfit, shape).join(', ')}]`,
        });
      }
      yield data;
    }
    written += part.length;
  }
  if (written !== size)
    throw new ArgumentError(`'${name}'`, { where, expected: `${size} values`, received: written });
}

function asTheyAre(values: Float32Array): { data: Uint8Array; unfit: number } {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { data, unfit: scanValues(values).notFinite };
}

function place(index: number, shape: readonly number[]): number[] {
  const [, ...inner] = shape;
  const size = inner.reduce((a, b) => a * b, 1);
  return inner.length === 0 ? [index] : [Math.floor(index / size), ...place(index % size, inner)];
}

const padding = (length: number): Uint8Array =>
  new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
