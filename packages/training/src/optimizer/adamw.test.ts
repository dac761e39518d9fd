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
    const optimizer = new AdamW({ policy: set }, o);
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
    const optimizer = new AdamW({ policy: set }, options);
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
    const straight = new AdamW({ policy: a }, options);
    for (const seed of [1, 2, 3, 4]) {
      setGradient(a, gradient(seed));
      await straight.step(0.1);
    }
    const first = new AdamW({ policy: b }, options);
    for (const seed of [1, 2]) {
      setGradient(b, gradient(seed));
      await first.step(0.1);
    }
    const second = new AdamW({ policy: b }, options);
    second.load(await first.state());
    for (const seed of [3, 4]) {
      setGradient(b, gradient(seed));
      await second.step(0.1);
    }
    expect(await b.read()).toEqual(await a.read());
    const short = { m: new Float32Array(3), v: new Float32Array(3) };
    expect(() => second.load({ moments: { policy: short }, step: 1 })).toThrow(/10 values/);
    const { moments } = await first.state();
    expect(() => second.load({ moments: { ...moments, head: short }, step: 1 })).toThrow(/head too/);
    expect(() => second.load({ moments: {}, step: 1 })).toThrow(/moments.policy/);
  });

  /** The matrix and the vector of `parameters`, each a set of its own. */
  function apart(): { policy: ParameterSet; head: ParameterSet } {
    const device = Device.open('cpu');
    const start = Float32Array.from({ length: 10 }, (_, i) => (i - 4.5) / 3);
    const set = (name: string, shape: number[], values: Float32Array) =>
      new ParameterSet(
        device,
        Tensor.from(device, values, [values.length]),
        [{ name, offset: 0, shape }],
        () => {},
      );
    return { policy: set('matrix', [2, 3], start.slice(0, 6)), head: set('vector', [4], start.slice(6)) };
  }

  it.each([
    { ...options, weightDecay: 0.3 },
    { ...options, weightDecay: 0.3, maxGradNorm: 1 },
  ])('gives several sets the update of one that holds them all, by one norm: %o', async (o) => {
    const [whole, parts] = [parameters(), apart()];
    const [one, several] = [new AdamW({ policy: whole }, o), new AdamW(parts, o)];
    for (const seed of [1, 2, 3]) {
      const g = gradient(seed);
      setGradient(whole, g);
      setGradient(parts.policy, g.slice(0, 6));
      setGradient(parts.head, g.slice(6));
      const [a, b] = [await one.step(0.05), await several.step(0.05)];
      expect(b.gradNorm).toBeCloseTo(a.gradNorm, 5);
    }
    const together = [...(await parts.policy.read()), ...(await parts.head.read())];
    const expected = await whole.read();
    // Without clipping no number of one set reaches the other: to the bit.
    if (o.maxGradNorm === 0) expect(together).toEqual([...expected]);
    else together.forEach((x, i) => expect(x).toBeCloseTo(expected[i], 5));
  });

  it('drops the gradients of all sets where one is not finite', async () => {
    const parts = apart();
    const optimizer = new AdamW(parts, options);
    const before = [await parts.policy.read(), await parts.head.read()];
    setGradient(parts.policy, new Float32Array(6).fill(1));
    setGradient(parts.head, Float32Array.from([0, NaN, 0, 0]));
    expect((await optimizer.step(0.1)).skipped).toBe(true);
    expect([await parts.policy.read(), await parts.head.read()]).toEqual(before);
    expect(((await parts.policy.grad.read()) as Float32Array).every((g) => g === 0)).toBe(true);
  });
});
