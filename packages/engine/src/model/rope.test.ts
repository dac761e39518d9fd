import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { FAMILIES } from './families/index.js';
import { ropeFromHf } from './hfRope.js';
import { HfValues, type Json } from './hfValues.js';
import { inverseFrequencies, ropeRows, yarnAttentionFactor } from './rope.js';

const shape = { headDim: 64, ropeTheta: 10000 };

// What transformers computes of each config.json: benchmarks/peers/rope.py.
const { cases } = JSON.parse(
  readFileSync(new URL('../../../../benchmarks/peers/fixtures/rope.json', import.meta.url), 'utf8'),
) as {
  cases: {
    name: string;
    config: Json & { model_type: string; max_position_embeddings: number };
    /** Float32, as base64. */
    frequencies: string;
    factor: number;
    positions: number[];
    /** Of each position the cosines, then the sines; float32, as base64. */
    rows: string;
  }[];
};
const floats = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

function ropeOf(config: (typeof cases)[number]['config']) {
  const family = FAMILIES.find(({ name }) => name === config.model_type)!;
  const headDim = Number(config.head_dim ?? Number(config.hidden_size) / Number(config.num_attention_heads));
  const values = new HfValues(config, 'config.json', () => {});
  return {
    headDim,
    ...ropeFromHf(values, { headDim, maxPositions: config.max_position_embeddings }, family),
  };
}

describe('beside transformers', () => {
  it.each(cases)('$name: the same frequencies and attention factor, to the bit', (one) => {
    const rope = ropeOf(one.config);
    expect(inverseFrequencies(rope)).toEqual(floats(one.frequencies));
    const { ropeScaling: scaling } = rope;
    const factor = scaling !== undefined && 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
    expect(factor).toBe(one.factor);
  });

  it.each(cases)(
    '$name: cosines and sines at $positions, off by one unit in the last place at most',
    (one) => {
      const rope = ropeOf(one.config);
      expect(one.positions.at(-1)).toBe(rope.maxPositions - 1);
      const rows = floats(one.rows);
      const ours = one.positions.flatMap((position) => [...ropeRows(rope, position, position + 1)]);
      expect(ours.length).toBe(rows.length);
      const distance = Math.max(...ours.map((x, i) => Math.abs(x - rows[i])));
      expect(distance).toBeLessThanOrEqual(2 ** (one.factor > 1 ? -23 : -24));
    },
  );
});

describe('inverseFrequencies', () => {
  it('falls from 1 by theta^(-2 / d)', () => {
    const f = inverseFrequencies(shape);
    expect(f.length).toBe(32);
    expect(f[0]).toBe(1);
    expect(f[16]).toBe(Math.fround(0.01));
    expect(f[31] / 10000 ** (-62 / 64)).toBeCloseTo(1, 6);
  });

  it('divides all of them for linear', () => {
    const plain = inverseFrequencies(shape);
    inverseFrequencies({ ...shape, ropeScaling: { type: 'linear', factor: 4 } }).forEach((f, i) =>
      expect(f).toBe(plain[i] / 4),
    );
  });

  it('keeps fast turns, stretches slow ones and blends between for llama3', () => {
    const llama = { headDim: 128, ropeTheta: 500000 };
    const plain = inverseFrequencies(llama);
    const f = inverseFrequencies({
      ...llama,
      ropeScaling: {
        type: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalMaxPositions: 8192,
      },
    });
    let blended = 0;
    f.forEach((value, i) => {
      const wavelength = (2 * Math.PI) / plain[i];
      if (wavelength < 8192 / 4) expect(value).toBe(plain[i]);
      else if (wavelength > 8192) expect(value).toBe(plain[i] / 8);
      else {
        const smooth = (8192 / wavelength - 1) / 3;
        expect(value / (((1 - smooth) * plain[i]) / 8 + smooth * plain[i])).toBeCloseTo(1, 6);
        blended++;
      }
    });
    expect(blended).toBeGreaterThan(3);
  });

  it('ramps between the bounds of yarn', () => {
    const plain = inverseFrequencies(shape);
    const f = inverseFrequencies({
      ...shape,
      ropeScaling: {
        type: 'yarn',
        factor: 4,
        originalMaxPositions: 2048,
        betaFast: 32,
        betaSlow: 1,
        attentionFactor: 1,
        truncate: true,
      },
    });
    // 64 ln(2048 / (b 2 pi)) / (2 ln 10000) is 8.06 for b = 32 and 20.11 for b = 1: the ramp goes from 8 to 21.
    for (let i = 0; i <= 8; i++) expect(f[i]).toBe(plain[i]);
    for (let i = 21; i < 32; i++) expect(f[i]).toBeCloseTo(plain[i] / 4, 18);
    const ramp = (12 - 8) / 13;
    expect(f[12] / plain[12]).toBeCloseTo(ramp / 4 + (1 - ramp), 12);
    expect(yarnAttentionFactor(4)).toBeCloseTo(1 + 0.1 * Math.log(4), 15);
    expect(yarnAttentionFactor(1)).toBe(1);
  });
});

describe('ropeRows', () => {
  it('holds cosines, then sines, of float32 angles', () => {
    const rows = ropeRows(shape, 100, 102);
    expect(rows.length).toBe(128);
    const angle = Math.fround(101 * inverseFrequencies(shape)[3]);
    expect(rows[64 + 3]).toBe(Math.fround(Math.cos(angle)));
    expect(rows[64 + 32 + 3]).toBe(Math.fround(Math.sin(angle)));
  });

  it('starts at no rotation', () => {
    const rows = ropeRows(shape, 0, 1);
    expect(rows.subarray(0, 32)).toEqual(new Float32Array(32).fill(1));
    expect(rows.subarray(32)).toEqual(new Float32Array(32));
  });
});
