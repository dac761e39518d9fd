import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import { readGguf } from './gguf.js';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gguf-'));
  path = join(folder, 'case.gguf');
});
afterAll(() => rmSync(folder, { recursive: true }));

function sample(): GgufBuilder {
  return new GgufBuilder()
    .value('general.architecture', 'string', 'llama')
    .value('a.u8', 'u8', 200)
    .value('a.i16', 'i16', -300)
    .value('a.f32', 'f32', 0.5)
    .value('a.bool', 'bool', true)
    .value('a.u64', 'u64', 2n ** 60n)
    .value('a.i64', 'i64', -5n)
    .value('a.f64', 'f64', 1 / 3)
    .list('a.tokens', 'string', ['a', 'é', ''])
    .list('a.scores', 'f32', [1, -2])
    .tensor('w', 0, [3, 2], new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer))
    .tensor('h', 1, [2], new Uint8Array(new Uint16Array([0x3c00, 0xc000]).buffer))
    .tensor('q', 16, [256], new Uint8Array(66));
}

describe('readGguf', () => {
  it('reads values of all kinds and tensors in row-major shapes', () => {
    writeFileSync(path, sample().bytes());
    const file = readGguf(path);
    expect(Object.fromEntries(file.metadata)).toEqual({
      'general.architecture': 'llama',
      'a.u8': 200,
      'a.i16': -300,
      'a.f32': 0.5,
      'a.bool': true,
      'a.u64': 2n ** 60n,
      'a.i64': -5,
      'a.f64': 1 / 3,
      'a.tokens': ['a', 'é', ''],
      'a.scores': [1, -2],
    });
    expect(file.tensors.get('w')).toMatchObject({ type: 'F32', shape: [2, 3], bytes: 24 });
    expect([...file.read('w')]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...file.read('h')]).toEqual([1, -2]);
    expect(() => file.read('q')).toThrow(
      /tensor 'q' of type F32, .*, Q4_K, .*, IQ4_XS, received IQ2_XXS\nTake a file/,
    );
    expect(() => file.read('none')).toThrow(/expected a tensor of/);
  });

  it('honours the alignment', () => {
    writeFileSync(path, sample().value('general.alignment', 'u32', 128).bytes(128));
    const file = readGguf(path);
    expect(file.tensors.get('h')!.offset % 128).toBe(0);
    expect([...file.read('h')]).toEqual([1, -2]);
  });

  const cases: [string, () => Buffer, RegExp][] = [
    ['another file', () => Buffer.from('GGML and more'), /magic 'GGUF'/],
    ['a short file', () => Buffer.from('GG'), /magic 'GGUF'/],
    ['version 1', () => patched((b) => b.writeUInt32LE(1, 4)), /version 2 or 3/],
    [
      'a lying number of tensors',
      () => patched((b) => b.writeBigUInt64LE(1n << 60n, 8)),
      /number of tensors/,
    ],
    [
      'a lying number of values',
      () => patched((b) => b.writeBigUInt64LE(1n << 33n, 16)),
      /number of metadata/,
    ],
    ['a key twice', () => sample().value('a.u8', 'u8', 1).bytes(), /each metadata key once/],
    ['a tensor twice', () => sample().tensor('w', 0, [1], new Uint8Array(4)).bytes(), /each tensor once/],
    [
      'rows of broken blocks',
      () => sample().tensor('x', 8, [16], new Uint8Array(17)).bytes(),
      /whole blocks of 32/,
    ],
    [
      'rows of broken blocks of 256, though there are whole ones in all',
      () => sample().tensor('x', 12, [128, 2], new Uint8Array(144)).bytes(),
      /'x' of Q4_K: rows of whole blocks of 256 values, received 128 values/,
    ],
    [
      'a block that is cut off',
      () => sample().tensor('x', 6, [32], new Uint8Array(22)).bytes().subarray(0, -11),
      /'x' of 22 bytes in a file of/,
    ],
    [
      'data that is not there',
      () => sample().tensor('x', 0, [1000], new Uint8Array(4)).bytes(),
      /in a file of/,
    ],
    [
      'an empty dimension',
      () => sample().tensor('x', 0, [0], new Uint8Array(0)).bytes(),
      /positive dimensions/,
    ],
    ['a type we do not know', () => sample().tensor('x', 99, [1], new Uint8Array(4)).bytes(), /type 99/],
  ];
  for (const [name, make, message] of cases) {
    it(`refuses ${name}`, () => {
      writeFileSync(path, make());
      const read = () => {
        const file = readGguf(path);
        file.read('x');
      };
      expect(read).toThrow(FileFormatError);
      expect(read).toThrow(message);
    });
  }

  it('gives a FileFormatError or a sound file for any damage', () => {
    const good = sample().bytes();
    const random = new Random(2);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      let bad = Buffer.from(good);
      if (i % 3 === 0) bad = bad.subarray(0, random.below(good.length));
      else
        for (let n = 1 + random.below(4); n > 0; n--)
          bad[random.below(good.length - 160)] = random.below(256);
      writeFileSync(path, bad);
      try {
        const file = readGguf(path);
        for (const name of file.tensors.keys()) file.read(name);
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(200);
  });
});

function patched(change: (bytes: Buffer) => void): Buffer {
  const bytes = sample().bytes();
  change(bytes);
  return bytes;
}
