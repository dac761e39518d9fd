import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Safetensors } from '@selfjudge/engine';
import { unpacked } from '@selfjudge/engine/internal';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { mutateJson } from './json.js';
import { mutateSafetensors, safetensorsFile, type SafetensorsDocument } from './safetensors.js';

const STATE = {
  quant_type: 'nf4',
  blocksize: 64,
  dtype: 'bfloat16',
  shape: [3, 64],
  nested_blocksize: 256,
  nested_dtype: 'float32',
  nested_offset: 0.5,
};

/** A matrix packed in 4 bits, its scales in 8, with this quant_state. */
function document(state: Buffer): SafetensorsDocument {
  const parts: [name: string, dtype: string, shape: number[], bytes: Buffer][] = [
    ['w', 'U8', [96, 1], Buffer.alloc(96, 0x5a)],
    ['w.absmax', 'U8', [3], Buffer.from([1, 2, 3])],
    ['w.nested_absmax', 'F32', [1], Buffer.from(Float32Array.of(2).buffer)],
    ['w.nested_quant_map', 'F32', [256], Buffer.from(new Float32Array(256).fill(0.25).buffer)],
    ['w.quant_state.bitsandbytes__nf4', 'U8', [state.length], state],
  ];
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, dtype, shape, { length }] of parts)
    header[name] = { dtype, shape, data_offsets: [end, (end += length)] };
  return { header, data: Buffer.concat(parts.map(([, , , bytes]) => bytes)) };
}

/** Packed matrices whose quant_state, parts or file say something else. */
export function bitsandbytesTarget(folder: string): FuzzTarget<string> {
  const path = join(folder, 'packed.safetensors');
  const good = document(Buffer.from(JSON.stringify(STATE)));
  return {
    name: 'bitsandbytes',
    make(random): FuzzCase<string> {
      const how: string[] = [];
      let bytes: Buffer;
      if (random.below(2) === 0) bytes = mutateSafetensors(good, random, how);
      else {
        const { header, data } = document(mutateJson(STATE, random, how));
        bytes = safetensorsFile(Buffer.from(JSON.stringify(header)), data);
      }
      writeFileSync(path, bytes);
      return { input: path, size: bytes.length, how };
    },
    parse(input) {
      const file = unpacked(Safetensors.open(input));
      for (const [name, { dtype, shape }] of file.tensors) {
        if (!['F32', 'F16', 'BF16'].includes(dtype)) continue;
        const { data } = file.read(name);
        const size = shape.reduce((a, b) => a * b, 1);
        if (data.length !== size) throw new Error(`'${name}' has ${data.length} values, not ${size}`);
      }
    },
  };
}
