import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dequantize, quantize } from '@selfjudge/native';
import { afterAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { Fingerprint } from '../fingerprint.js';
import { readGguf } from './gguf.js';
import { Safetensors } from './safetensors.js';

// Made by benchmarks/peers/gguf_values.py.
const fixture = Safetensors.open(
  new URL('../../../../../benchmarks/peers/fixtures/gguf_blocks.safetensors', import.meta.url).pathname,
);
const folder = mkdtempSync(join(tmpdir(), 'gguf-blocks-'));
const path = join(folder, 'case.gguf');
afterAll(() => rmSync(folder, { recursive: true }));

const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

describe('blocks of a GGUF file', () => {
  // ggml's number of the type, and where a block has its half-precision scales.
  it.each([
    ['Q4_0', 2, [0]],
    ['Q4_1', 3, [0, 2]],
    ['Q5_0', 6, [0]],
    ['Q5_1', 7, [0, 2]],
    ['Q8_0', 8, [0]],
    ['Q2_K', 10, [80, 82]],
    ['Q3_K', 11, [108]],
    ['Q4_K', 12, [0, 2]],
    ['Q5_K', 13, [0, 2]],
    ['Q6_K', 14, [208]],
    ['IQ4_NL', 20, [0]],
    ['IQ4_XS', 23, [0]],
  ])('of %s have the bits of gguf.quants; a scale that is not finite is refused', (type, number, scales) => {
    const blocks = fixture.readBytes(`${type}.blocks`);
    const { shape, data } = fixture.read(`${type}.values`);
    const read = () => {
      writeFileSync(path, new GgufBuilder().tensor('x', number, [...shape].reverse(), blocks).bytes());
      const file = readGguf(path);
      expect(file.tensors.get('x')).toMatchObject({ type, shape, bytes: blocks.length });
      return file.read('x');
    };
    const values = read();
    expect(bits(values).equals(bits(data as Float32Array))).toBe(true);
    const add = (data: Float32Array) =>
      new Fingerprint(path).add('x', { dtype: 'float32', shape: [...shape], data });
    expect(() => add(values)).not.toThrow();

    const size = blocks.length / shape[0];
    for (const scale of scales) {
      for (const half of [0x7c00, 0xfc00, 0x7e01]) {
        const place = 3 * size + scale;
        const [low, high] = blocks.subarray(place, place + 2);
        blocks.set([half & 255, half >> 8], place);
        expect(() => add(read())).toThrow(FileFormatError);
        expect(() => add(read())).toThrow(/finite values in 'x', received (NaN|[+-]inf) at \[3, \d+\]/);
        blocks.set([low, high], place);
      }
    }
  });

  it('of half precision are the numbers that the standard says, and come back to their bits', () => {
    const halves = Uint16Array.from({ length: 1 << 16 }, (_, i) => i).filter(
      (half) => (half & 0x7c00) < 0x7c00,
    );
    const expected = Float32Array.from(halves, (half) => {
      const [exponent, mantissa] = [(half >> 10) & 31, half & 1023];
      const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
      return half & 0x8000 ? -magnitude : magnitude;
    });
    const bytes = new Uint8Array(halves.buffer);
    const values = dequantize('F16', bytes, halves.length);
    expect(bits(values).equals(bits(expected))).toBe(true);
    const back = quantize('F16', values);
    expect(back.unfit).toBe(-1);
    expect(Buffer.from(back.data).equals(Buffer.from(bytes))).toBe(true);
  });
});

describe('quantize', () => {
  const given = fixture.read('quantize.values').data as Float32Array;

  it.each(['F16', 'BF16', 'Q8_0', 'Q4_0'] as const)('to %s gives the bytes of gguf.quants', (type) => {
    const { data, unfit } = quantize(type, given);
    expect(unfit).toBe(-1);
    expect(Buffer.from(data).equals(Buffer.from(fixture.readBytes(`quantize.${type}`)))).toBe(true);
  });

  // Of each type its largest value, and the float32 next to it.
  it.each([
    ['F16', 65504, 65504.00390625],
    ['BF16', 2 ** 128 - 2 ** 120, 2 ** 128 - 2 ** 120 + 2 ** 104],
    ['Q8_0', 127 * 65504, 127 * 65504 + 1],
    ['Q4_0', 8 * 65504, 8 * 65504 + 1 / 16],
  ] as const)('to %s holds up to %d and tells the first value that does not fit', (type, largest, next) => {
    const values = new Float32Array(64);
    for (const fits of [largest, -largest]) {
      values[40] = fits;
      const { data, unfit } = quantize(type, values);
      expect([unfit, Math.abs(dequantize(type, data, 64)[40])]).toEqual([-1, largest]);
    }
    for (const bad of [next, -next, Infinity, -Infinity, NaN]) {
      values.fill(bad, 40, 50);
      expect(quantize(type, values).unfit).toBe(40);
    }
  });

  it('to blocks whose scale has no inverse gives zeros, as the scale in half precision is 0', () => {
    const tiny = Float32Array.from({ length: 32 }, (_, i) => (i - 16) * 2 ** -149);
    for (const type of ['Q8_0', 'Q4_0'] as const) {
      const { data, unfit } = quantize(type, tiny);
      expect(unfit).toBe(-1);
      expect(dequantize(type, data, 32).every((value) => value === 0)).toBe(true);
    }
    expect([...quantize('Q8_0', tiny).data.subarray(2)]).toEqual(Array.from({ length: 32 }, () => 0));
    expect([...quantize('Q4_0', tiny).data.subarray(2)]).toEqual(Array.from({ length: 16 }, () => 0x88));
  });
});
