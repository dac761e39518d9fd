import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { ArgumentError, FileSystemError } from '@selfjudge/base';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { readGguf } from './gguf.js';
import type { GgufEntry } from './ggufValues.js';
import { Safetensors } from './safetensors.js';
import { writeGguf, type GgufTensorToWrite, type GgufWrittenType } from './writeGguf.js';

// Made by benchmarks/peers/gguf_values.py.
const fixture = Safetensors.open(
  new URL('../../../../../benchmarks/peers/fixtures/gguf_blocks.safetensors', import.meta.url).pathname,
);
const folder = mkdtempSync(join(tmpdir(), 'write-gguf-'));
const path = join(folder, 'case.gguf');
beforeEach(() => readdirSync(folder).forEach((name) => rmSync(join(folder, name), { recursive: true })));
afterAll(() => rmSync(folder, { recursive: true }));

const tensor = (
  name: string,
  type: GgufWrittenType,
  shape: number[],
  values: Float32Array | number[] = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i),
): GgufTensorToWrite => ({ name, type, shape, values: () => Float32Array.from(values) });

const metadata: GgufEntry[] = [
  { key: 'general.architecture', type: 'string', value: 'llama' },
  { key: 'general.alignment', type: 'u32', value: 32 },
  { key: 'a.u8', type: 'u8', value: 255 },
  { key: 'a.i8', type: 'i8', value: -128 },
  { key: 'a.u16', type: 'u16', value: 65535 },
  { key: 'a.i16', type: 'i16', value: -32768 },
  { key: 'a.u32', type: 'u32', value: 2 ** 32 - 1 },
  { key: 'a.i32', type: 'i32', value: -(2 ** 31) },
  { key: 'a.f32', type: 'f32', value: 1e-5 },
  { key: 'a.f64', type: 'f64', value: 1 / 3 },
  { key: 'a.u64', type: 'u64', value: 2n ** 64n - 1n },
  { key: 'a.i64', type: 'i64', value: -5 },
  { key: 'a.bool', type: 'bool', value: true },
  { key: 'a.empty', type: 'string', value: '' },
  { key: 'tokens', type: 'string', value: ['a', 'é', '', '\u{1f600}'] },
  { key: 'scores', type: 'f32', value: [0.5, -2] },
  { key: 'types', type: 'i32', value: [1, -1] },
  { key: 'flags', type: 'bool', value: [true, false] },
  { key: 'wide', type: 'i64', value: [-(2n ** 63n), 3] },
  { key: 'none', type: 'u32', value: [] },
];

describe('writeGguf', () => {
  it('writes the bytes of the format, in the order given', async () => {
    const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
    await writeGguf(path, metadata, [tensor('w', 'F32', [2, 3], values), tensor('h', 'F16', [2], [1, -2])]);
    const expected = metadata.reduce(
      (file, { key, type, value }) =>
        typeof value === 'object' ? file.list(key, type, value) : file.value(key, type, value),
      new GgufBuilder(),
    );
    expected.tensor('w', 0, [3, 2], new Uint8Array(values.buffer));
    expected.tensor('h', 1, [2], new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer));
    expect(readFileSync(path).equals(expected.bytes())).toBe(true);
    const file = readGguf(path);
    expect([...file.metadata.keys()]).toEqual(metadata.map(({ key }) => key));
    expect(file.metadata.get('a.u64')).toBe(2n ** 64n - 1n);
    expect(file.metadata.get('a.f32')).toBe(Math.fround(1e-5));
    expect(file.metadata.get('tokens')).toEqual(['a', 'é', '', '\u{1f600}']);
    expect(readdirSync(folder)).toEqual(['case.gguf']);
  });

  it('packs with the bytes of gguf.quants, and is read back', async () => {
    const { data, shape } = fixture.read('quantize.values');
    const types = ['Q4_0', 'F16', 'Q8_0', 'BF16'] as const;
    const tensors = types.map((type) => tensor(type, type, [...shape], data as Float32Array));
    expect([...(await writeGguf(path, [], tensors))]).toEqual(types.map((type) => [type, type]));
    const file = readGguf(path);
    const written = readFileSync(path);
    for (const type of types) {
      const { offset, bytes } = file.tensors.get(type)!;
      expect(file.tensors.get(type)).toMatchObject({ type, shape });
      const expected = fixture.readBytes(`quantize.${type}`);
      expect(written.subarray(offset, offset + bytes).equals(Buffer.from(expected))).toBe(true);
    }
    // A value moves by half a step, and by what half precision takes from the scale.
    const q8 = file.read('Q8_0');
    for (let row = 0; row < shape[0]; row++) {
      const values = (data as Float32Array).subarray(32 * row, 32 * row + 32);
      const step = Math.max(...values.map(Math.abs)) / 127;
      if (step > 2 ** -14)
        values.forEach((x, i) => expect(Math.abs(x - q8[32 * row + i])).toBeLessThanOrEqual(0.6 * step));
    }
  });

  it('writes large tensors piece by piece to the same bytes', async () => {
    const rows = 2 ** 15 + 3;
    const values = Float32Array.from({ length: rows * 64 }, (_, i) => Math.sin(i));
    const types = await writeGguf(
      path,
      [],
      (['Q8_0', 'F32', 'F16'] as const).map((type) => tensor(type, type, [rows, 64], values)),
    );
    expect(types.get('Q8_0')).toBe('Q8_0');
    const file = readGguf(path);
    expect(Buffer.from(file.read('F32').buffer).equals(Buffer.from(values.buffer))).toBe(true);
    expect(file.read('Q8_0').every((x, i) => Math.abs(x - values[i]) < 1 / 200)).toBe(true);
    expect(file.read('F16').every((x, i) => Math.abs(x - values[i]) <= 2 ** -12)).toBe(true);
  });

  it('takes a tensor in parts, one after another, to the same bytes, and names what is no part of it', async () => {
    const values = Float32Array.from({ length: 6 * 64 }, (_, i) => Math.sin(i));
    const inParts = (...ends: number[]): GgufTensorToWrite => ({
      ...tensor('w', 'Q8_0', [6, 64]),
      values: async function* () {
        for (const [i, end] of ends.entries()) yield values.slice(i && ends[i - 1], end);
      },
    });
    await writeGguf(path, metadata, [tensor('w', 'Q8_0', [6, 64], values)]);
    const whole = readFileSync(path);
    await writeGguf(path, metadata, [inParts(64, 256, 384)]);
    expect(readFileSync(path).equals(whole)).toBe(true);
    await expect(writeGguf(path, metadata, [inParts(64, 256)])).rejects.toThrow(
      /expected 384 values, received 256/,
    );
    await expect(writeGguf(path, metadata, [inParts(32, 384)])).rejects.toThrow(
      /expected whole rows of 64 values, received 32 values at once/,
    );
    values[200] = NaN;
    await expect(writeGguf(path, metadata, [inParts(128, 384)])).rejects.toThrow(/received NaN at \[3, 8\]/);
    expect(readFileSync(path).equals(whole)).toBe(true);
  });

  it('gives rows that are no whole blocks half precision, and says so', async () => {
    const tensors = [
      tensor('odd', 'Q8_0', [32, 33]),
      tensor('short', 'Q4_0', [16]),
      tensor('whole', 'Q4_0', [2, 2, 64]),
      tensor('bf16', 'BF16', [5]),
    ];
    expect(Object.fromEntries(await writeGguf(path, [], tensors))).toEqual({
      odd: 'F16',
      short: 'F16',
      whole: 'Q4_0',
      bf16: 'BF16',
    });
    const file = readGguf(path);
    expect(file.tensors.get('odd')).toMatchObject({ type: 'F16', shape: [32, 33] });
    expect(file.tensors.get('whole')).toMatchObject({ type: 'Q4_0', shape: [2, 2, 64] });
    expect([...file.read('short')]).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });

  it('asks for one tensor at a time, when those before are written', async () => {
    const asked: string[] = [];
    const size = 1 << 16;
    const slow = (name: string): GgufTensorToWrite => ({
      name,
      type: 'F32',
      shape: [size],
      values: async () => {
        const [temporary] = readdirSync(folder);
        asked.push(`${name} after ${Math.floor(readFileSync(join(folder, temporary)).length / (4 * size))}`);
        return Promise.resolve(new Float32Array(size));
      },
    });
    await writeGguf(path, [], ['a', 'b', 'c'].map(slow));
    expect(asked).toEqual(['a after 0', 'b after 1', 'c after 2']);
  });

  it('writes a file without tensors or metadata', async () => {
    await writeGguf(path, [], []);
    expect([readGguf(path).tensors.size, readGguf(path).metadata.size]).toEqual([0, 0]);
  });
});

describe('writeGguf, given what it cannot write, leaves what was there and names', () => {
  const refused = async (entries: GgufEntry[], tensors: GgufTensorToWrite[], message: RegExp) => {
    writeFileSync(path, 'old');
    const error = await writeGguf(path, entries, tensors).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(message);
    expect(readdirSync(folder)).toEqual(['case.gguf']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  };

  it.each<[string, GgufEntry[], RegExp]>([
    [
      'a number out of its range',
      [{ key: 'a', type: 'u8', value: 256 }],
      /'a': expected .* from 0 to 255, received 256/,
    ],
    ['a fraction', [{ key: 'a', type: 'i32', value: 0.5 }], /'a': expected a whole number/],
    ['a negative', [{ key: 'a', type: 'u64', value: -1n }], /from 0 to 18446744073709551615, received -1/],
    ['what no number holds', [{ key: 'a', type: 'u64', value: 2 ** 60 }], /from 0 to 18446744073709551615/],
    [
      'NaN',
      [{ key: 'a', type: 'f32', value: [1, NaN] }],
      /'a'\[1\]: expected a finite number of float32, received NaN/,
    ],
    ['what float32 has not', [{ key: 'a', type: 'f32', value: 1e39 }], /a finite number of float32/],
    ['an infinity', [{ key: 'a', type: 'f64', value: Infinity }], /a finite number/],
    [
      'half a character',
      [{ key: 'a', type: 'string', value: ['x', '\ud83d'] }],
      /'a'\[1\]: expected a string without/,
    ],
    ['no key', [{ key: '', type: 'u8', value: 1 }], /metadata: expected a name of 1 to 65535 bytes/],
    [
      'a key twice',
      [
        { key: 'a', type: 'u8', value: 1 },
        { key: 'a', type: 'u8', value: 1 },
      ],
      /metadata: expected each once, received 'a' twice/,
    ],
    [
      'another alignment',
      [{ key: 'general.alignment', type: 'u32', value: 64 }],
      /expected u32 32, received 64/,
    ],
  ])('%s', (_, entries, message) => refused(entries, [], message));

  const filled = (size: number, ...at: [number, number][]) => {
    const values = new Float32Array(size);
    for (const [i, value] of at) values[i] = value;
    return values;
  };
  it.each<[string, GgufTensorToWrite[], RegExp]>([
    [
      'a value past half precision, with its place',
      [tensor('blk.0.w', 'F16', [4, 100], filled(400, [203, -70000]))],
      /'blk.0.w': expected finite values of magnitude at most 65504 for F16, received -70000 at \[2, 3\]/,
    ],
    [
      'such a value where rows were no whole blocks',
      [tensor('w', 'Q8_0', [1, 33], filled(33, [1, 65505]))],
      /at most 65504 for F16, received 65505 at \[0, 1\]/,
    ],
    ['a scale past it', [tensor('w', 'Q8_0', [1, 32], filled(32, [1, 9e6]))], /at most 8319008 for Q8_0/],
    ['a scale past it', [tensor('w', 'Q4_0', [1, 32], filled(32, [1, 6e5]))], /at most 524032 for Q4_0/],
    [
      'what bf16 would round to infinity',
      [tensor('w', 'BF16', [1], [3.4e38])],
      /at most 3.3895\d+e\+38 for BF16/,
    ],
    [
      'NaN',
      [tensor('w', 'F32', [2, 2], [0, 0, NaN, 0])],
      /'w': expected finite .*, received NaN at \[1, 0\]/,
    ],
    [
      'an infinity in a later piece',
      [tensor('w', 'BF16', [3, 1 << 10, 1 << 9], filled(3 << 19, [(1 << 20) + 513, -Infinity]))],
      /received -Infinity at \[2, 1, 1\]/,
    ],
    ['too few values', [tensor('w', 'F32', [2, 2], [0, 0])], /'w': expected 4 values, received 2/],
    [
      'a part of a row',
      [tensor('w', 'F32', [2, 2], [0, 0, 0])],
      /'w': expected whole rows of 2 values, received 3/,
    ],
    [
      'a name twice',
      [tensor('w', 'F32', [1]), tensor('w', 'F32', [1])],
      /tensors: expected each once, received 'w' twice/,
    ],
    ['a long name', [tensor('w'.repeat(64), 'F32', [1])], /tensors: expected a name of 1 to 63 bytes/],
    ['a name that C would cut', [tensor('a\0b', 'F32', [1])], /none of them 0/],
    ['five dimensions', [tensor('w', 'F32', [1, 1, 1, 1, 1])], /'w': expected 1 to 4 positive dimensions/],
    ['no dimension', [{ ...tensor('w', 'F32', [1]), shape: [] }], /'w': expected 1 to 4 positive dimensions/],
    ['no values', [tensor('w', 'F32', [2, 0], [])], /'w': expected 1 to 4 positive dimensions/],
  ])('%s', (_, tensors, message) => refused([], [tensor('first', 'F32', [100]), ...tensors], message));

  it('what fails while values are read, and a place that cannot be written to', async () => {
    const lost = { ...tensor('w', 'F32', [1]), values: () => Promise.reject(new Error('lost')) };
    await expect(writeGguf(path, [], [tensor('first', 'F32', [100]), lost])).rejects.toThrow('lost');
    expect(readdirSync(folder)).toEqual([]);
    await expect(writeGguf(join(folder, 'no', 'x.gguf'), [], [])).rejects.toThrow(FileSystemError);
  });
});
