import { describe, expect, it } from 'vitest';

import { inverseFrequencies, ropeRows, yarnAttentionFactor } from './rope.js';

const shape = { headDim: 64, ropeTheta: 10000 };

describe('inverseFrequencies', () => {
  it('falls from 1 by theta^(-2 / d)', () => {
    const f = inverseFrequencies(shape);
    expect(f.length).toBe(32);
    expect(f[0]).toBe(1);
    expect(f[16]).toBeCloseTo(0.01, 15);
    expect(f[31]).toBeCloseTo(10000 ** (-62 / 64), 18);
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
        expect(value / (((1 - smooth) * plain[i]) / 8 + smooth * plain[i])).toBeCloseTo(1, 12);
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
    const angle = Math.fround(101 * Math.fround(inverseFrequencies(shape)[3]));
    expect(rows[64 + 3]).toBe(Math.fround(Math.cos(angle)));
    expect(rows[64 + 32 + 3]).toBe(Math.fround(Math.sin(angle)));
  });

  it('starts at no rotation', () => {
    const rows = ropeRows(shape, 0, 1);
    expect(rows.subarray(0, 32)).toEqual(new Float32Array(32).fill(1));
    expect(rows.subarray(32)).toEqual(new Float32Array(32));
  });
});
