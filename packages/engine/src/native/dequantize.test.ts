import { dequantize } from '@selfjudge/native';
import { describe, expect, it } from 'vitest';
import { told } from '@selfjudge/testing/native';

describe('dequantize', () => {
  const half = (bits: number) => [bits & 255, bits >> 8];
  const one = half(0x3c00);
  const zeros = (count: number) => Array.from({ length: count }, () => 0);
  const list = (type: Parameters<typeof dequantize>[0], bytes: number[], count: number) =>
    Array.from(dequantize(type, new Uint8Array(bytes), count));

  it('decodes every block format', () => {
    expect(list('F32', [0, 0, 0x80, 0x3f], 1)).toEqual([1]);
    expect(list('BF16', [0x80, 0xbf], 1)).toEqual([-1]);
    const halves = [0x3555, 0xc000, 0x0001, 0x8400, 0x7c00, 0x7bff].flatMap(half);
    expect(list('F16', halves, 6)).toEqual([0.333251953125, -2, 2 ** -24, -(2 ** -14), Infinity, 65504]);
    const ramp = Array.from({ length: 32 }, (_, i) => i - 16);
    expect(list('Q8_0', [...half(0x4000), ...ramp.map((q) => q & 255)], 32)).toEqual(ramp.map((q) => 2 * q));
    const nibbles = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));
    const order = [...Array(16).keys(), ...[...Array(16).keys()].reverse()];
    expect(list('Q4_0', [...one, ...nibbles], 32)).toEqual(order.map((q) => q - 8));
    expect(list('Q4_1', [...one, ...half(0xc000), ...nibbles], 32)).toEqual(order.map((q) => q - 2));
  });

  it('decodes Q6_K: 6-bit values, a scale for each 16', () => {
    const q = Array.from({ length: 256 }, (_, i) => (i * 37 + (i >> 5)) % 64);
    const block = zeros(210);
    q.forEach((value, i) => {
      const [part, rest] = [i >> 7, i & 127];
      const [quarter, l] = [rest >> 5, rest & 31];
      block[64 * part + l + 32 * (quarter & 1)] |= (value & 15) << (quarter >= 2 ? 4 : 0);
      block[128 + 32 * part + l] |= (value >> 4) << (2 * quarter);
    });
    for (let s = 0; s < 16; s++) block[192 + s] = (s - 8) & 255;
    block.splice(208, 2, ...one);
    expect(list('Q6_K', block, 256)).toEqual(q.map((value, i) => ((i >> 4) - 8) * (value - 32)));
  });

  it('refuses short data, part blocks and unknown types', () => {
    expect(told(() => list('Q8_0', zeros(33), 32))).toMatch(/data: expected at least 34 bytes, received 33$/);
    expect(told(() => list('Q4_0', zeros(18), 31))).toMatch(/count: expected a multiple of 32, received 31$/);
    expect(told(() => list('Q4_K', zeros(143), 256))).toMatch(/at least 144 bytes, received 143$/);
    expect(told(() => list('IQ4_XS', zeros(136), 32))).toMatch(/a multiple of 256, received 32$/);
    expect(told(() => list('MXFP4' as never, [], 0))).toMatch(
      /type: expected one of F32, F16, BF16, Q8_0, .*, IQ4_NL, IQ4_XS, received 'MXFP4'$/,
    );
    expect(told(() => dequantize('F32', new Float32Array(1) as never, 1))).toMatch(
      /received a Float32Array$/,
    );
  });
});
