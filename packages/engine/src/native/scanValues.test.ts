import { scanValues } from '@selfjudge/native';
import { describe, expect, it } from 'vitest';
import { Random } from '@selfjudge/base';
import { told } from '@selfjudge/testing/native';

const WORD = (1n << 64n) - 1n;
const SECRETS = [
  0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn, 0xd6e8feb86659fd93n, 0xff51afd7ed558ccdn,
  0xc4ceb9fe1a85ec53n, 0x87c37b91114253d5n, 0x4cf5ad432745937fn,
];

/** The hash by its definition (native/core/scan.cpp), in whole numbers. */
function hashOf(values: Float32Array | Uint16Array): string {
  const bytes = new Uint8Array(Math.ceil(values.byteLength / 128) * 128);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const words = new BigUint64Array(bytes.buffer);
  const folded = (a: bigint, b: bigint) => ((a * b) & WORD) ^ ((a * b) >> 64n);
  const lanes = [...SECRETS];
  for (let i = 0; i < words.length / 2; i++)
    lanes[i % 8] = folded(words[2 * i] ^ SECRETS[i % 8], words[2 * i + 1] ^ lanes[i % 8]);
  const size = BigInt(values.byteLength);
  const low = lanes.reduce((h, lane, i) => folded(h ^ SECRETS[i], lane ^ SECRETS[(i + 1) % 8]), size);
  const high = lanes
    .toReversed()
    .reduce((h, lane, i) => folded(h ^ SECRETS[(i + 3) % 8], lane ^ SECRETS[(i + 5) % 8]), size ^ WORD);
  return high.toString(16).padStart(16, '0') + low.toString(16).padStart(16, '0');
}

const random = new Random(3);
const floats = (n: number) => Float32Array.from({ length: n }, () => random.normal());

describe('scanValues', () => {
  it('hashes bytes as its definition says, whatever their number', () => {
    for (const n of [0, 1, 2, 31, 32, 33, 64, 65, 3000]) {
      const values = floats(n);
      expect(scanValues(values)).toMatchObject({ hash: hashOf(values), notFinite: -1 });
      const halves = Uint16Array.from(values, (x) => 0x3f80 + Math.round(x));
      expect(scanValues(halves).hash).toBe(hashOf(halves));
    }
    expect(scanValues(new Float32Array(40).subarray(3, 7))).toEqual(scanValues(new Float32Array(4)));
  });

  it('goes on from what came before, wherever it was cut', () => {
    for (const n of [1, 31, 32, 33, 200, 3000]) {
      for (const values of [floats(n), Uint16Array.from({ length: n }, (_, i) => i % 0x7f80)]) {
        const { hash, notFinite } = scanValues(values);
        for (let i = 0; i < 20; i++) {
          const cuts = Array.from({ length: 1 + random.below(4) }, () => random.below(n + 1));
          cuts.sort((a, b) => a - b);
          let before: Uint8Array | undefined;
          let from = 0;
          for (const to of [...cuts, n]) {
            before = scanValues(values.subarray(from, to), before).state;
            from = to;
          }
          expect(scanValues(values.subarray(n), before)).toMatchObject({ hash, notFinite });
        }
      }
    }
    // The first of two that are not finite, counted from the very first value.
    const first = scanValues(Float32Array.of(1, 2, 3)).state;
    const second = scanValues(Float32Array.of(4, NaN, 5), first);
    expect(second.notFinite).toBe(4);
    expect(scanValues(Float32Array.of(Infinity), second.state).notFinite).toBe(4);
  });

  it('tells every bit of every value, and zeros at the end', () => {
    const values = floats(70);
    const words = new Uint32Array(values.buffer);
    const seen = new Set([scanValues(values).hash]);
    for (let i = 0; i < words.length; i++) {
      for (let bit = 0; bit < 30; bit++) {
        words[i] ^= 1 << bit;
        seen.add(scanValues(values).hash);
        words[i] ^= 1 << bit;
      }
    }
    expect(seen.size).toBe(1 + 70 * 30);
    expect(new Set([0, 1, 2, 32, 33].map((n) => scanValues(new Float32Array(n)).hash)).size).toBe(5);
  });

  it.each([NaN, Infinity, -Infinity])('finds the first %f, wherever it is', (bad) => {
    for (const n of [1, 32, 33, 100]) {
      for (let at = 0; at < n; at++) {
        const values = floats(n);
        values[at] = bad;
        values[n - 1] = bad;
        expect(scanValues(values).notFinite).toBe(at);
        const halves = Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16);
        expect(scanValues(halves).notFinite).toBe(at);
      }
    }
  });

  it('takes the largest finite values and the smallest for what they are', () => {
    const edges = Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -0, 0);
    expect(scanValues(edges).notFinite).toBe(-1);
    expect(scanValues(Uint16Array.of(0x7f7f, 0xff7f, 1, 0x8000)).notFinite).toBe(-1);
  });

  it('refuses other arrays', () => {
    expect(told(() => scanValues(new Float64Array(1) as never))).toMatch(
      /values: expected a Float32Array or a Uint16Array, received a Float64Array$/,
    );
    const { state } = scanValues(new Float32Array(1));
    for (const before of [state.subarray(1), [...state], null])
      expect(told(() => scanValues(new Float32Array(1), before as never))).toMatch(
        /before: expected the state after values of the same kind, or nothing, received /,
      );
    expect(told(() => scanValues(new Uint16Array(1), state))).toMatch(/received that of another kind$/);
    expect(told(() => scanValues([1] as never))).toMatch(/values: expected a Float32Array or a Uint16Array/);
  });
});
