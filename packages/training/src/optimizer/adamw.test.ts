import { copyTo, Device, ParameterSet, Tensor } from '@selfjudge/engine';
import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { AdamW } from './adamw.js';
import type { OptimizerOptions } from '../options/loop.js';
import { writeInto } from '../testing/tiny.js';

const options: OptimizerOptions = {
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  adamEpsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 0,
};

/** A matrix [2, 3] and a vector [4]. */
function parameters(): ParameterSet {
  const device = Device.open('cpu');
  const start = Float32Array.from({ length: 10 }, (_, i) => (i - 4.5) / 3);
  const entries = [
    { name: 'matrix', offset: 0, shape: [2, 3] },
    { name: 'vector', offset: 6, shape: [4] },
  ];
  return new ParameterSet(device, Tensor.from(device, start, [10]), entries, () => {});
}

const setGradient = (set: ParameterSet, values: Float32Array) => writeInto(set.grad, values, copyTo);
const gradient = (seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length: 10 }, () => random.normal());
};

/** AdamW in float64, one element at a time. */
function oracle(start: Float32Array, gradients: Float32Array[], o: OptimizerOptions, lr: number): number[] {
  return Array.from(start, (x, i) => {
    let [p, m, v] = [x as number, 0, 0];
    gradients.forEach((g, t) => {
      const norm = Math.sqrt(g.reduce((s, y) => s + y * y, 0));
      const clipped = o.maxGradNorm > 0 && norm > o.maxGradNorm ? (g[i] * o.maxGradNorm) / norm : g[i];
      p *= 1 - lr * (i < 6 ? o.weightDecay : 0);
      m = o.adamBeta1 * m + (1 - o.adamBeta1) * clipped;
      v = o.adamBeta2 * v + (1 - o.adamBeta2) * clipped * clipped;
      const [c1, c2] = [1 - o.adamBeta1 ** (t + 1), 1 - o.adamBeta2 ** (t + 1)];
      p -= ((lr / c1) * m) / (Math.sqrt(v / c2) + o.adamEpsilon);
    });
    return p;
  });
}

describe('AdamW', () => {
  it.each([
    { ...options },
    { ...options, weightDecay: 0.3 },
    { ...options, maxGradNorm: 1, adamBeta2: 0.98 },
  ])('follows the written update: %o', async (o) => {
    const set = parameters();
    const start = await set.read();
    const optimizer = new AdamW(set, o);
    const gradients = [1, 2, 3].map(gradient);
    for (const g of gradients) {
      setGradient(set, g);
      const { gradNorm, skipped } = await optimizer.step(0.05);
      expect(skipped).toBe(false);
      expect(gradNorm).toBeCloseTo(Math.sqrt(g.reduce((s, y) => s + y * y, 0)), 5);
    }
    const expected = oracle(start, gradients, o, 0.05);
    (await set.read()).forEach((p, i) => expect(p).toBeCloseTo(expected[i], 5));
    expect(Array.from((await set.grad.read()) as Float32Array).every((g) => g === 0)).toBe(true);
  });

  it('skips a gradient that is not finite and changes nothing', async () => {
    const set = parameters();
    const optimizer = new AdamW(set, options);
    setGradient(set, gradient(1));
    await optimizer.step(0.1);
    const before = [await set.read(), await optimizer.state()];
    for (const bad of [NaN, Infinity]) {
      setGradient(set, gradient(2).fill(bad, 3, 4));
      expect((await optimizer.step(0.1)).skipped).toBe(true);
      expect([await set.read(), await optimizer.state()]).toEqual(before);
      expect(((await set.grad.read()) as Float32Array)[3]).toBe(0);
    }
  });

  it('goes on with the same bits from a saved state', async () => {
    const [a, b] = [parameters(), parameters()];
    const straight = new AdamW(a, options);
    for (const seed of [1, 2, 3, 4]) {
      setGradient(a, gradient(seed));
      await straight.step(0.1);
    }
    const first = new AdamW(b, options);
    for (const seed of [1, 2]) {
      setGradient(b, gradient(seed));
      await first.step(0.1);
    }
    const second = new AdamW(b, options);
    second.load(await first.state());
    for (const seed of [3, 4]) {
      setGradient(b, gradient(seed));
      await second.step(0.1);
    }
    expect(await b.read()).toEqual(await a.read());
    expect(() => second.load({ m: new Float32Array(3), v: new Float32Array(3), step: 1 })).toThrow(
      /10 values/,
    );
  });
});
