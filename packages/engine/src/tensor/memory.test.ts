import { availableParallelism } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '@selfjudge/testing/random';
import { Device } from './device.js';
import { linearLogprob } from './ops/linearLogprob.js';
import { Tape } from './tape.js';
import { Tensor } from './tensor.js';
import { Weight } from './weight.js';

// What a GPU works in is as large as it is wide.
const device = Device.open('cpu');
afterAll(() => device.close());

describe('memory in tests', () => {
  it('is NaN before anybody wrote it, and again once it was given back', async () => {
    const fresh = Tensor.empty(device, [1000]);
    expect((await fresh.read()).every(Number.isNaN)).toBe(true);
    const used = Tensor.from(device, new Float32Array(1000).fill(7), [1000]);
    used.dispose();
    const again = Tensor.empty(device, [1000]);
    expect(device.memory().cached).toBe(0); // the very same block
    expect((await again.read()).every(Number.isNaN)).toBe(true);
    for (const tensor of [fresh, again]) tensor.dispose();
  });
});

describe('the head over a vocabulary', () => {
  const [rows, width, vocabulary] = [2048, 64, 49_152];
  const random = new Random('head');
  const uniform = (n: number) => Float32Array.from({ length: n }, () => random.uniform() - 0.5);
  const ids = (n: number, below: number) => Int32Array.from({ length: n }, () => random.below(below));

  it.each(['float32', 'bf16'] as const)(
    '2,048 labelled rows, forward and backward, take 10 MB over what comes in and goes out, %s',
    async (dtype) => {
      const table = Tensor.from(device, uniform(vocabulary * width), [vocabulary, width]);
      const head = Weight.pack(table, dtype);
      table.dispose();
      const h = Tensor.from(device, uniform(rows * width), [rows, width], dtype);
      const row = Tensor.from(
        device,
        Int32Array.from({ length: rows }, (_, i) => i),
        [rows],
      );
      const labels = Tensor.from(device, ids(rows, vocabulary), [rows]);
      await device.sync();
      device.resetPeak();
      const before = device.memory().live;
      const tape = new Tape();
      tape.watch(h);
      const logp = tape.run(() => linearLogprob(h, head, row, labels));
      tape.backward(logp, new Float32Array(rows).fill(1));
      const dh = tape.gradient(h) as Tensor;
      const outputs = 4 * rows + dh.size * (dtype === 'bf16' ? 2 : 4);
      const over = device.memory().peak - before - outputs;
      // Two workers; each one more has some logits and products of its own.
      expect(over).toBeLessThan(10e6 + Math.max(0, availableParallelism() - 2) * 0.8e6);
      // What storing logits would take.
      expect(over).toBeLessThan((rows * vocabulary * 2) / 10);
      for (const tensor of [h, row, labels, logp, dh, head]) tensor.dispose();
      tape.dispose();
    },
  );
});
