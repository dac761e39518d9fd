import { afterAll, describe, expect, it } from 'vitest';
import { Device } from './device.js';
import { add } from './ops/add.js';
import { embedding } from './ops/embedding.js';
import { globalNorm } from './ops/globalNorm.js';
import { linear } from './ops/linear.js';
import { rmsNorm } from './ops/rmsNorm.js';
import { rope } from './ops/rope.js';
import { clone } from './ops/copy.js';
import { reshape } from './ops/reshape.js';
import { swiglu } from './ops/swiglu.js';
import { tidy } from './scope.js';
import { Tape } from './tape.js';
import { Tensor } from './tensor.js';
import { Vector } from './vector.js';
import { Weight } from './weight.js';

const device = Device.open();
afterAll(() => device.close());

const identity = (n: number): number[] =>
  Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

function weight(values: number[], shape: [number, number], trained: boolean): Weight {
  const rows = Tensor.from(device, values, shape);
  const packed = Weight.pack(rows, 'float32');
  rows.dispose();
  if (trained) packed.grad = Tensor.zeros(device, shape);
  return packed;
}

function disposeAll(...things: ({ dispose(): void; grad?: Tensor } | undefined)[]): void {
  for (const thing of things) {
    thing?.grad?.dispose();
    thing?.dispose();
  }
}

describe('Tape', () => {
  it('adds gradients of parameters to what they held', async () => {
    const w = weight([1, 2, 3, 4], [2, 2], true);
    const x = Tensor.from(device, [1, 10], [1, 2]);
    for (let round = 0; round < 2; round++) {
      const tape = new Tape();
      const y = tape.run(() => linear(x, w));
      tape.backward(y, Float32Array.of(1, -1));
      y.dispose();
    }
    expect(await w.grad?.read()).toEqual(Float32Array.of(2, 20, -2, -20));
    disposeAll(w, x);
    expect(device.memory().live).toBe(0);
  });

  it('keeps what it needs through tidy and dispose, and frees it in backward', async () => {
    const w = weight(identity(3), [3, 3], true);
    const tape = new Tape();
    const y = tape.run(() =>
      tidy(() => {
        const x = Tensor.from(device, [1, 2, 3], [1, 3]);
        const hidden = linear(x, w);
        const activated = swiglu(hidden, x);
        x.dispose();
        return activated;
      }),
    );
    const live = device.memory().live;
    tape.backward(y, Float32Array.of(1, 1, 1));
    expect(device.memory().live).toBeLessThan(live);
    const silu = (g: number): number => g / (1 + Math.exp(-g));
    const slope = (g: number): number => (silu(g + 1e-5) - silu(g - 1e-5)) / 2e-5;
    const gradient = (await w.grad?.read()) as Float32Array;
    for (const [n, g] of [1, 2, 3].entries()) {
      for (const [k, x] of [1, 2, 3].entries()) expect(gradient[3 * n + k]).toBeCloseTo(slope(g) * g * x, 4);
    }
    disposeAll(w, y);
    expect(device.memory().live).toBe(0);
  });

  it('sums the gradients of several consumers, views and retained handles included', async () => {
    const x = Tensor.from(device, [1, 2], [1, 2]);
    const tape = new Tape();
    tape.watch(x);
    const y = tape.run(() =>
      tidy(() => {
        const twice = add(x, x);
        const again = reshape(reshape(twice, [2]), [1, 2]);
        return add(add(twice.retain(), again), x);
      }),
    );
    tape.backward(y, Float32Array.of(1, 10));
    const dx = tape.gradient(x);
    expect(await dx?.read()).toEqual(Float32Array.of(5, 50));
    expect(tape.gradient(x)).toBeUndefined();
    disposeAll(x, y, dx);
    tape.dispose();
    expect(device.memory().live).toBe(0);
  });

  it("leaves the caller's gradient tensor as it was", async () => {
    const x = Tensor.from(device, [1, 2, 3, 4], [1, 2, 2]);
    const table = Tensor.from(device, [0, 1], [1, 2]);
    const positions = Tensor.zeros(device, [1], 'int32');
    const dy = Tensor.from(device, [1, 2, 3, 4], [1, 2, 2]);
    const tape = new Tape();
    tape.watch(x);
    const y = tape.run(() => {
      const w = add(x, x);
      return rope(w, table, positions);
    });
    tape.backward(y, dy);
    expect(await dy.read()).toEqual(Float32Array.of(1, 2, 3, 4));
    const dx = tape.gradient(x);
    expect(await dx?.read()).toEqual(Float32Array.of(4, -2, 8, -6));
    disposeAll(x, table, positions, dy, y, dx);
  });

  it('takes several outputs', async () => {
    const x = Tensor.from(device, [1, 2], [2]);
    const tape = new Tape();
    tape.watch(x);
    const [a, b] = tape.run(() => [add(x, x), reshape(x, [1, 2])]);
    tape.backward([
      [a, Float32Array.of(1, 1)],
      [b, Float32Array.of(5, 7)],
    ]);
    const dx = tape.gradient(x);
    expect(await dx?.read()).toEqual(Float32Array.of(7, 9));
    disposeAll(x, a, b, dx);
  });

  it('differentiates a norm of which only the sum goes on', async () => {
    const x = Tensor.from(device, [1, 2], [1, 2]);
    const residual = Tensor.from(device, [3, 4], [1, 2]);
    const w = new Vector(Tensor.from(device, [1, 1], [2]));
    const tape = new Tape();
    tape.watch(x);
    tape.watch(residual);
    const { y, sum } = tape.run(() => rmsNorm(x, w, 1e-5, { residual }));
    tape.backward(sum, Float32Array.of(2, 3));
    const gradients = [tape.gradient(x), tape.gradient(residual)];
    for (const gradient of gradients) expect(await gradient?.read()).toEqual(Float32Array.of(2, 3));
    disposeAll(x, residual, w, y, sum, ...gradients);
  });

  it('records nothing upstream of the first trained parameter', () => {
    const table = weight([1, 2, 3, 4], [2, 2], false);
    const frozen = weight(identity(2), [2, 2], false);
    const trained = weight(identity(2), [2, 2], true);
    const ids = Tensor.zeros(device, [3], 'int32');
    const tape = new Tape();
    const calls: string[] = [];
    const enqueue = device.native.enqueue.bind(device.native);
    const y = tape.run(() => tidy(() => linear(linear(embedding(table, ids), frozen), trained)));
    device.native.enqueue = (op, tensors, ...rest) => {
      calls.push(op);
      return enqueue(op, tensors, ...rest);
    };
    tape.backward(y, new Float32Array(6));
    device.native.enqueue = enqueue;
    expect(calls).toEqual(['linear_backward']);
    disposeAll(table, frozen, trained, ids, y);
    expect(device.memory().live).toBe(0);
  });

  it('does not keep the input of a frozen layer alive', () => {
    const w = weight(identity(2), [2, 2], false);
    const x = Tensor.zeros(device, [1000, 2]);
    const tape = new Tape();
    tape.watch(x);
    const y = tape.run(() => linear(x, w));
    const live = device.memory().live;
    x.dispose();
    expect(device.memory().live).toBe(live - 8000);
    tape.dispose();
    disposeAll(w, y);
    expect(device.memory().live).toBe(0);
  });

  it('finds what was overwritten between forward and backward', () => {
    const x = Tensor.from(device, [1, 2], [1, 1, 2]);
    const table = Tensor.from(device, [0, 1], [1, 2]);
    const positions = Tensor.zeros(device, [1], 'int32');
    const tape = new Tape();
    tape.watch(x);
    const { saved, y } = tape.run(() => {
      const gate = add(x, x);
      return { saved: swiglu(gate, x), y: rope(gate, table, positions) };
    });
    expect(() => tape.backward(saved, Float32Array.of(1, 1))).toThrow('donated to rope');
    tape.dispose();
    disposeAll(x, table, positions, saved, y);
    expect(device.memory().live).toBe(0);
  });

  it('is for one synchronous run that does not nest and one backward', () => {
    const x = Tensor.zeros(device, [2]);
    const tape = new Tape();
    tape.watch(x);
    expect(() => tape.run(async () => {})).toThrow('promise');
    expect(() => tape.run(() => new Tape().run(() => {}))).toThrow('another tape');
    expect(() => tape.run(() => tape.run(() => {}))).toThrow('running already');
    const y = tape.run(() => add(x, x));
    expect(() => tape.backward(y, new Float32Array(3))).toThrow('3 values');
    expect(() => tape.backward(Tensor.zeros(device, [2]), new Float32Array(2))).toThrow('does not know');
    tape.backward(y, new Float32Array(2));
    expect(() => tape.backward(y, new Float32Array(2))).toThrow('fresh tape');
    expect(() => tape.run(() => {})).toThrow('fresh tape');
    tape.dispose();
    disposeAll(x, y);
  });

  it('refuses to lose a gradient', () => {
    const x = Tensor.zeros(device, [4]);
    const tape = new Tape();
    tape.watch(x);
    tape.run(() => {
      expect(() => globalNorm(x)).toThrow('needs no gradient');
      expect(() => x.view(0, [2])).toThrow('needs no gradient');
      expect(() => clone(x)).toThrow('needs no gradient');
    });
    tape.dispose();
    x.dispose();
  });

  it('saves nothing outside a run', () => {
    const w = weight(identity(2), [2, 2], true);
    const x = Tensor.zeros(device, [1, 2]);
    const before = device.memory().live;
    linear(x, w).dispose();
    expect(device.memory().live).toBe(before);
    disposeAll(w, x);
  });
});
