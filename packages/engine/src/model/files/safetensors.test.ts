import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import { Safetensors } from './safetensors.js';
import { fitsBf16, writeSafetensors, type TensorToWrite } from './writeSafetensors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of the given header and data bytes. */
function file(header: unknown, data: Uint8Array, length?: bigint): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(json.length));
  const path = join(folder, 'case.safetensors');
  writeFileSync(path, Buffer.concat([head, json, data]));
  return path;
}

const floats = new Float32Array([1, -2.5, Number.NaN, 3e-39, Infinity, -0]);
const halves = new Float32Array([1, 0.5, -3]);

async function sample(path: string): Promise<void> {
  await writeSafetensors(path, [
    { name: 'b', dtype: 'BF16', shape: [3], values: () => halves },
    { name: 'z', dtype: 'F32', shape: [2, 3], values: () => floats },
    { name: 'a', dtype: 'F32', shape: [1], values: async () => new Float32Array([7]) },
  ]);
}

describe('writeSafetensors', () => {
  it('is read back bit-equal, aligned and with metadata', async () => {
    const path = join(folder, 'round.safetensors');
    await sample(path);
    const read = Safetensors.open(path);
    expect(read.metadata).toEqual({ format: 'pt' });
    expect([...read.tensors.keys()]).toEqual(['a', 'z', 'b']);
    for (const tensor of read.tensors.values()) expect(tensor.offset % 4).toBe(0);
    const z = read.read('z');
    expect(z.shape).toEqual([2, 3]);
    expect(new Uint32Array(z.data.buffer)).toEqual(new Uint32Array(floats.buffer));
    expect(read.read('b')).toEqual({
      dtype: 'bf16',
      shape: [3],
      data: new Uint16Array([0x3f80, 0x3f00, 0xc040]),
    });
    await sample(join(folder, 'again.safetensors'));
    expect(readFileSync(join(folder, 'again.safetensors')).equals(readFileSync(path))).toBe(true);
  });

  it('takes a tensor in parts, one after another, to the same bytes', async () => {
    const [whole, inParts] = ['whole', 'parts'].map((name) => join(folder, `${name}.safetensors`));
    const values = Float32Array.from({ length: 12 }, (_, i) => i);
    const write = (path: string, given: TensorToWrite['values']) =>
      writeSafetensors(path, [{ name: 'w', dtype: 'BF16', shape: [4, 3], values: given }]);
    const until = (end: number) =>
      async function* () {
        yield values.subarray(0, 3);
        yield values.subarray(3, end);
      };
    await write(whole, () => values);
    await write(inParts, until(12));
    expect(readFileSync(inParts).equals(readFileSync(whole))).toBe(true);
    await expect(write(inParts, until(9))).rejects.toThrow(/'w': expected 12 values, received 9/);
    expect(readFileSync(inParts).equals(readFileSync(whole))).toBe(true);
  });

  it('leaves the old file when values cannot be had', async () => {
    const path = join(folder, 'kept.safetensors');
    await sample(path);
    const before = readFileSync(path);
    const broken = { name: 'x', dtype: 'F32' as const, shape: [4], values: () => new Float32Array(3) };
    await expect(writeSafetensors(path, [broken])).rejects.toThrow("'x': expected 4 values, received 3");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('knows what bf16 holds exactly', () => {
    expect(fitsBf16(halves)).toBe(true);
    expect(fitsBf16(new Float32Array([1, 1 + 2 ** -10]))).toBe(false);
  });
});

describe('Safetensors.open', () => {
  const entry = (begin: number, end: number, shape = [1], dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const bytes = new Uint8Array(8);
  const cases: [string, () => string, RegExp][] = [
    ['an empty file', () => file('', new Uint8Array(0), 0n), /JSON/],
    ['a header longer than the file', () => file({}, bytes, 1n << 40n), /header of at most/],
    ['no JSON', () => file('{"a": ', bytes), /header in JSON/],
    ['a list', () => file('[1]', bytes), /JSON object/],
    ['an unknown dtype', () => file({ a: entry(0, 8, [2], 'F33') }, bytes), /dtype/],
    ['a dtype by a name of Object', () => file({ a: entry(0, 8, [2], 'constructor') }, bytes), /dtype/],
    ['a negative dimension', () => file({ a: entry(0, 8, [-2]) }, bytes), /shape/],
    ['sizes that lie', () => file({ a: entry(0, 8, [3]) }, bytes), /12 bytes for F32 \[3\]/],
    ['offsets backwards', () => file({ a: entry(8, 0, [2]) }, bytes), /data_offsets/],
    ['an end past the file', () => file({ a: entry(0, 16, [4]) }, bytes), /inside the file/],
    ['an overlap', () => file({ a: entry(0, 8, [2]), b: entry(4, 8) }, bytes), /begin where/],
    ['a hole', () => file({ a: entry(4, 8) }, bytes), /begin where/],
    ['bytes left over', () => file({ a: entry(0, 4) }, bytes), /end of the file/],
    [
      'metadata of numbers',
      () => file({ __metadata__: { a: 1 }, b: entry(0, 8, [2]) }, bytes),
      /__metadata__/,
    ],
  ];
  for (const [name, make, message] of cases) {
    it(`refuses ${name}`, () => {
      const path = make();
      expect(() => Safetensors.open(path)).toThrow(FileFormatError);
      expect(() => Safetensors.open(path)).toThrow(message);
      expect(() => Safetensors.open(path)).toThrow(path);
    });
  }

  it('refuses a missing file and a folder', () => {
    expect(() => Safetensors.open(join(folder, 'none.safetensors'))).toThrow(FileFormatError);
    expect(() => Safetensors.open(folder)).toThrow(FileFormatError);
  });

  it('reads float16 as float32 and refuses integers when read', () => {
    const data = new Uint8Array(new Uint16Array([0x3c00, 0xc100, 0x0001, 0x7c00]).buffer);
    const path = file({ h: entry(0, 4, [2], 'F16'), i: entry(4, 8, [1], 'I32') }, data);
    const read = Safetensors.open(path);
    expect([...read.read('h').data]).toEqual([1, -2.5]);
    expect(() => read.read('i')).toThrow(/'i' of dtype F32, F16 or BF16, received I32/);
  });

  it('reads shards by their index and refuses names that leave the folder', async () => {
    const one = { name: 'a', dtype: 'F32' as const, shape: [1], values: () => new Float32Array([1]) };
    const two = { name: 'b', dtype: 'F32' as const, shape: [1], values: () => new Float32Array([2]) };
    await writeSafetensors(join(folder, 'm-1.safetensors'), [one]);
    await writeSafetensors(join(folder, 'm-2.safetensors'), [two]);
    const index = join(folder, 'm.safetensors.index.json');
    const write = (map: unknown) => writeFileSync(index, JSON.stringify({ weight_map: map }));
    write({ a: 'm-1.safetensors', b: 'm-2.safetensors' });
    const read = Safetensors.openIn(folder, 'm');
    expect([...read.read('a').data, ...read.read('b').data]).toEqual([1, 2]);
    write({ a: 'm-2.safetensors' });
    expect(() => Safetensors.openIn(folder, 'm')).toThrow(/'a' in m-2.safetensors/);
    write({ a: '../m-1.safetensors' });
    expect(() => Safetensors.openIn(folder, 'm')).toThrow(/same folder/);
    write([]);
    expect(() => Safetensors.openIn(folder, 'm')).toThrow(/weight_map/);
  });

  it('gives a FileFormatError or a sound file for any damage', async () => {
    const path = join(folder, 'damaged.safetensors');
    await sample(path);
    const good = readFileSync(path);
    const header = good.length - 34;
    const random = new Random(1);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      let bad = Buffer.from(good);
      if (i % 3 === 0) bad = bad.subarray(0, random.below(good.length));
      else for (let n = 1 + random.below(4); n > 0; n--) bad[random.below(header)] = random.below(256);
      writeFileSync(path, bad);
      try {
        const read = Safetensors.open(path);
        for (const name of read.tensors.keys()) read.read(name);
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(200);
  });
});
