import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Safetensors } from '@selfjudge/engine';
import type { Random } from '@selfjudge/base';
import { mutateBytes } from './bytes.js';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { mutateJson } from './json.js';

/** A safetensors file of tensors one after another, each of float32 zeros unless it says otherwise. */
export interface SafetensorsDocument {
  header: Record<string, unknown>;
  data: Buffer;
}

/** Float32 tensors of these shapes, with small values. */
export function float32Tensors(shapes: Readonly<Record<string, readonly number[]>>): SafetensorsDocument {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const begin = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, end] };
  }
  return { header, data: Buffer.from(Float32Array.from({ length: end / 4 }, (_, i) => (i % 7) / 8).buffer) };
}

/** The file with `header` as its JSON. */
export function safetensorsFile(header: Buffer, data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}

/** A file whose header says something else than the document, or whose bytes are others. */
export function mutateSafetensors(
  { header, data }: SafetensorsDocument,
  random: Random,
  how: string[],
): Buffer {
  if (random.below(2) === 0) return safetensorsFile(mutateJson(header, random, how), data);
  const whole = safetensorsFile(Buffer.from(JSON.stringify(header)), data);
  return mutateBytes(whole, random, how, { hot: [0, 1, 2, 3, 4, 5, 6, 7], others: [whole] });
}

const SAMPLE: SafetensorsDocument = {
  header: {
    __metadata__: { format: 'pt' },
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    'model.b': { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
    c: { dtype: 'F16', shape: [1, 1, 2], data_offsets: [32, 36] },
    scalar: { dtype: 'F32', shape: [], data_offsets: [36, 40] },
    empty: { dtype: 'F32', shape: [0, 7], data_offsets: [40, 40] },
  },
  data: Buffer.from(Array.from({ length: 40 }, (_, i) => i)),
};

/** Single files, and shards by their index. */
export function safetensorsTarget(folder: string): FuzzTarget<string> {
  const path = join(folder, 'case.safetensors');
  const index = join(folder, 'case.safetensors.index.json');
  const shards = { one: float32Tensors({ a: [2] }), two: float32Tensors({ b: [3] }) };
  let shardBytes = 0;
  for (const [name, { header, data }] of Object.entries(shards)) {
    const bytes = safetensorsFile(Buffer.from(JSON.stringify(header)), data);
    writeFileSync(join(folder, `${name}.safetensors`), bytes);
    shardBytes += bytes.length;
  }
  const weightMap = { a: 'one.safetensors', b: 'two.safetensors' };
  return {
    name: 'safetensors',
    make(random): FuzzCase<string> {
      const how: string[] = [];
      if (random.below(4) === 0) {
        const bytes = mutateJson({ metadata: { total_size: 20 }, weight_map: weightMap }, random, how);
        writeFileSync(index, bytes);
        return { input: index, size: bytes.length + shardBytes, how };
      }
      const bytes = mutateSafetensors(SAMPLE, random, how);
      writeFileSync(path, bytes);
      return { input: path, size: bytes.length, how };
    },
    parse(input) {
      const file = Safetensors.open(input);
      for (const [name, { dtype, shape, bytes }] of file.tensors) {
        if (!['F32', 'F16', 'BF16'].includes(dtype)) continue;
        const { data } = file.read(name);
        const size = shape.reduce((a, b) => a * b, 1);
        if (data.length !== size || bytes > 4 * size) throw new Error(`'${name}' has ${data.length} values`);
      }
    },
  };
}
