// GGUF files written here, opened by the Python package gguf (benchmarks/peers/gguf_written.py).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '@selfjudge/base';
import { readGguf, writeGguf, type GgufEntry, type GgufWrittenType } from '@selfjudge/engine';
import { peerPython } from './support/peerPython.js';

if (peerPython === undefined) console.log('skipped: PYTHON is not set (an interpreter with gguf)');

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-gguf-'));
afterAll(() => rmSync(folder, { recursive: true }));
const peer = fileURLToPath(new URL('../benchmarks/peers/gguf_written.py', import.meta.url));

interface Read {
  alignment: number;
  metadata: Record<string, [types: string[], contents: unknown]>;
  tensors: Record<string, { type: string; shape: number[]; digest: string; same: boolean | null }>;
}

const metadata: GgufEntry[] = [
  { key: 'general.architecture', type: 'string', value: 'llama' },
  { key: 'general.quantization_version', type: 'u32', value: 2 },
  { key: 'a.u8', type: 'u8', value: 255 },
  { key: 'a.i8', type: 'i8', value: -128 },
  { key: 'a.u16', type: 'u16', value: 65535 },
  { key: 'a.i16', type: 'i16', value: -32768 },
  { key: 'a.i32', type: 'i32', value: -(2 ** 31) },
  { key: 'a.f32', type: 'f32', value: 0.5 },
  { key: 'a.f64', type: 'f64', value: 1 / 3 },
  { key: 'a.u64', type: 'u64', value: 2 ** 53 - 1 },
  { key: 'a.i64', type: 'i64', value: -(2 ** 53) + 1 },
  { key: 'a.bool', type: 'bool', value: true },
  { key: 'tokenizer.ggml.tokens', type: 'string', value: ['<s>', 'é', '', '\u{1f600}', '▁the'] },
  { key: 'tokenizer.ggml.scores', type: 'f32', value: [0, -1, -2.5, 1e-3, -1000].map(Math.fround) },
  { key: 'tokenizer.ggml.token_type', type: 'i32', value: [3, 1, 1, 1, 6] },
  { key: 'a.flags', type: 'bool', value: [true, false] },
];
/** As the package calls the type: u8 is UINT8. */
const nameOf = (type: string): string =>
  type
    .replace(/^u(?=\d)/, 'uint')
    .replace(/^i(?=\d)/, 'int')
    .replace(/^f(?=\d)/, 'float')
    .toUpperCase();
const TYPES: readonly GgufWrittenType[] = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'];

describe.skipIf(peerPython === undefined)('a GGUF file written here, in Python', () => {
  it('has the metadata, the values and the blocks that gguf.quants packs', async () => {
    const path = join(folder, 'written.gguf');
    const random = new Random(1);
    // Rows of every magnitude that half precision has; in each some values of few bits, for ties.
    const spread = (size: number) =>
      Float32Array.from({ length: size }, (_, i) => {
        const [row, sign] = [i >> 5, random.below(2) * 2 - 1];
        const step = random.below(4) === 0 ? random.below(256) / 128 : random.below(2 ** 24) / 2 ** 23;
        return sign * step * 2 ** ((row % 43) - 28);
      });
    const tensors = [
      { stem: 'blk.0.attn_q', shape: [320, 2048] },
      { stem: 'blk.0.ffn', shape: [3, 5, 64] },
      { stem: 'output_norm', shape: [96] },
    ].flatMap(({ stem, shape }) => {
      const values = spread(shape.reduce((a, b) => a * b));
      return TYPES.map((type) => ({ name: `${stem}.${type}`, type, shape, values: () => values }));
    });
    const odd = { name: 'odd', type: 'Q8_0' as const, shape: [7, 33], values: () => spread(7 * 33) };
    const types = await writeGguf(path, metadata, [...tensors, odd]);

    const stdout = execFileSync(peerPython!, [peer, path], { encoding: 'utf8' });
    const theirs = JSON.parse(stdout) as Read;
    expect(theirs.alignment).toBe(32);
    expect(theirs.metadata).toEqual(
      Object.fromEntries(
        metadata.map(({ key, type, value }) => [
          key,
          [typeof value === 'object' ? ['ARRAY', nameOf(type)] : [nameOf(type)], value],
        ]),
      ),
    );
    const file = readGguf(path);
    expect(Object.keys(theirs.tensors)).toEqual([...tensors, odd].map(({ name }) => name));
    for (const { name, shape } of [...tensors, odd]) {
      const digest = createHash('sha256').update(file.read(name)).digest('hex');
      const same = name === 'odd' ? null : true;
      expect({ name, ...theirs.tensors[name] }).toEqual({ name, type: types.get(name), shape, digest, same });
    }
    expect(types.get('odd')).toBe('F16');
  });
});
