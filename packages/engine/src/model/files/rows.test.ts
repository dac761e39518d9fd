import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { ArgumentError } from '@selfjudge/base';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { readGguf } from './gguf.js';
import { groupsOfRows, spanOf } from './rows.js';
import { Safetensors } from './safetensors.js';
import { Scratch } from './scratch.js';

const folder = mkdtempSync(join(tmpdir(), 'rows-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('groupsOfRows', () => {
  const groups = (shape: number[], values: number, multiple?: number) =>
    [...groupsOfRows(shape, values, multiple)].map(({ from, to }) => [from, to]);

  it('covers all rows in order, each group within the bound or one multiple', () => {
    expect(groups([10, 4], 12)).toEqual([
      [0, 3],
      [3, 6],
      [6, 9],
      [9, 10],
    ]);
    expect(groups([100, 4], 250, 48)).toEqual([
      [0, 48],
      [48, 96],
      [96, 100],
    ]);
    expect(groups([100, 4], 400, 48)).toEqual([
      [0, 96],
      [96, 100],
    ]);
    expect(groups([2, 1000], 10)).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(groups([5], 3)).toEqual([
      [0, 3],
      [3, 5],
    ]);
  });
});

describe('spanOf', () => {
  it('refuses rows that there are not, and too many values at once', () => {
    const of = (shape: number[], from: number, to: number) => () => spanOf('f', 'x', shape, { from, to });
    expect(of([4, 3], 1, 3)()).toEqual({ shape: [2, 3], start: 3, count: 6 });
    expect(of([4, 3], 4, 5)).toThrow("[f] from: expected a row of 'x' [4, 3], received 4");
    expect(of([4, 3], 1, 5)).toThrow(
      "[f] to: expected from 2 to 4, the end of rows of 'x' [4, 3], received 5",
    );
    expect(of([4, 3], 2, 2)).toThrow(/\[f\] to: expected from 3 to 4/);
    const message =
      "[f] rows: expected rows of 'x' of at most 2^30 values at once, received 2147483648 values";
    expect(() => spanOf('f', 'x', [2 ** 21, 1024])).toThrow(message);
  });
});

// More than 2^31 values, and than the 4 GiB of a Buffer: files that are holes but for their ends.
describe('a tensor above 4 GiB', () => {
  const [rows, columns] = [2 ** 21 + 8, 1024];
  const bytes = 2 * rows * columns;
  const last = { from: rows - 1, to: rows, scratch: new Scratch() };

  /** `head`, then `bytes` of zeros but for the very last value. */
  function write(path: string, head: Uint8Array, value: number): void {
    writeFileSync(path, head);
    const file = openSync(path, 'r+');
    ftruncateSync(file, head.length + bytes);
    writeSync(file, new Uint8Array(Uint16Array.of(value).buffer), 0, 2, head.length + bytes - 2);
    closeSync(file);
    expect(statSync(path).blocks * 512).toBeLessThan(1 << 20);
  }

  it('of a safetensors file is read by rows, and refused whole', () => {
    const path = join(folder, 'large.safetensors');
    const json = Buffer.from(
      JSON.stringify({ x: { dtype: 'BF16', shape: [rows, columns], data_offsets: [0, bytes] } }),
    );
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    write(path, Buffer.concat([length, json]), 0x3f80);
    const file = Safetensors.open(path);
    const { data, shape } = file.read('x', last);
    expect(shape).toEqual([1, columns]);
    expect([data[columns - 2], data[columns - 1]]).toEqual([0, 0x3f80]);
    expect(file.readBytes('x', { from: bytes - 2, to: bytes })).toEqual(Buffer.from([0x80, 0x3f]));
    for (const whole of [() => file.read('x'), () => file.readBytes('x')]) {
      expect(whole).toThrow(ArgumentError);
      expect(whole).toThrow(
        /rows: expected rows of 'x' of at most 2\^30 values at once, received \d+ values/,
      );
    }
  });

  it('of a GGUF file is read by rows, and refused whole', () => {
    const path = join(folder, 'large.gguf');
    // The data begin at a multiple of 32 bytes behind the table.
    const head = new GgufBuilder().tensor('x', 1, [columns, rows], new Uint8Array(0)).bytes();
    write(path, head, 0x3c00);
    const file = readGguf(path);
    const values = file.read('x', last);
    expect([values.length, values[columns - 2], values[columns - 1]]).toEqual([columns, 0, 1]);
    expect(() => file.read('x')).toThrow(/rows: expected rows of 'x' of at most 2\^30 values at once/);
  });
});
