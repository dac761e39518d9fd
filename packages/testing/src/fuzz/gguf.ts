import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { dequantize } from '@selfjudge/native';

import { readGguf } from '@selfjudge/engine';
import { GgufBuilder } from '../ggufBuilder.js';
import { mutateBytes, smallIntegers } from './bytes.js';
import type { FuzzCase, FuzzTarget } from './fuzz.js';

/** Types that are read: number, name, values and bytes of a block. */
const READABLE = [
  [0, 'F32', 1, 4],
  [1, 'F16', 1, 2],
  [30, 'BF16', 1, 2],
  [8, 'Q8_0', 32, 34],
  [2, 'Q4_0', 32, 18],
  [3, 'Q4_1', 32, 20],
  [6, 'Q5_0', 32, 22],
  [7, 'Q5_1', 32, 24],
  [20, 'IQ4_NL', 32, 18],
  [10, 'Q2_K', 256, 84],
  [11, 'Q3_K', 256, 110],
  [12, 'Q4_K', 256, 144],
  [13, 'Q5_K', 256, 176],
  [14, 'Q6_K', 256, 210],
  [23, 'IQ4_XS', 256, 136],
] as const;
const names: readonly string[] = READABLE.map(([, name]) => name);
/** Q2_K's: 84 bytes are 256 float32 values. */
const EXPANSION = (256 * 4) / 84;

function sample(): Buffer {
  const builder = new GgufBuilder()
    .value('general.architecture', 'string', 'llama')
    .value('a.u8', 'u8', 200)
    .value('a.i16', 'i16', -300)
    .value('a.bool', 'bool', true)
    .value('a.u64', 'u64', 2n ** 60n)
    .value('a.f64', 'f64', 1 / 3)
    .list('a.tokens', 'string', ['a', 'é', ''])
    .list('a.scores', 'f32', [1, -2])
    .value('general.alignment', 'u32', 32);
  for (const [type, , values, bytes] of READABLE) {
    builder.tensor(`t${type}`, type, [values, 2], new Uint8Array(2 * bytes).fill(60));
  }
  return builder.bytes();
}

/** The header, and every tensor expanded. */
export function ggufTarget(folder: string): FuzzTarget<string> {
  const path = join(folder, 'case.gguf');
  const good = sample();
  const hot = smallIntegers(good);
  return {
    name: 'GGUF',
    // Read as they stand and expanded.
    buffersPerByte: 1 + EXPANSION,
    make(random): FuzzCase<string> {
      const how: string[] = [];
      const bytes = mutateBytes(good, random, how, { hot, others: [good] });
      writeFileSync(path, bytes);
      return { input: path, size: bytes.length, how };
    },
    parse(input) {
      const file = readGguf(input);
      for (const [name, { type, shape }] of file.tensors) {
        if (!names.includes(type)) continue;
        const values = file.read(name);
        if (values.length !== shape.reduce((a, b) => a * b, 1))
          throw new Error(`'${name}' has ${values.length} values`);
      }
    },
  };
}

/** The native expansion of blocks, given types, bytes and counts that need not go together. */
export function dequantizeTarget(): FuzzTarget<[string, Uint8Array, number]> {
  const types = [...names, 'MXFP4', '', '\0', 'x'.repeat(10_000)];
  return {
    name: 'dequantize',
    buffersPerByte: EXPANSION,
    make(random): FuzzCase<[string, Uint8Array, number]> {
      const type = random.choice(types);
      const length = random.choice([0, 1, random.below(2000), 34 * random.below(20), 210 * random.below(9)]);
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      const edges = [0, -1, 1, 0.5, NaN, Infinity, 2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 53, 2 ** 63];
      const count = random.choice([
        ...edges,
        random.below(1000),
        32 * random.below(20),
        256 * random.below(9),
      ]);
      // A view into the middle of a buffer, as a slice of a file is.
      const start = random.below(length + 1);
      const data = random.below(2) === 0 ? bytes : bytes.subarray(start);
      return {
        input: [type, data, count],
        size: length,
        how: [`${type.slice(0, 9)}, ${data.length} bytes, ${count}`],
      };
    },
    parse([type, data, count]) {
      const values = dequantize(type as 'F32', data, count);
      if (values.length !== count) throw new Error(`${values.length} values for ${count}`);
    },
  };
}
