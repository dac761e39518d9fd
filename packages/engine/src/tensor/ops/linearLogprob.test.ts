import { expect, it } from 'vitest';
import { Random } from '@selfjudge/testing/random';
import { Device } from '../device.js';
import { Tape } from '../tape.js';
import { Tensor } from '../tensor.js';
import { Weight } from '../weight.js';
import { linearLogprob } from './linearLogprob.js';

// One float32 sum over the whole vocabulary drops each of these probabilities beside the large one: together 1e-3.
it('the gradient of h keeps 49,151 probabilities of 2e-8 beside one of 0.999', async () => {
  const vocabulary = 49_152;
  const device = Device.open('cpu');
  const values = Float32Array.from({ length: 2 * vocabulary }, (_, i) => i % 2);
  values[0] = -Math.log(2e-8);
  const head = Weight.pack(Tensor.from(device, values, [vocabulary, 2]), 'float32');
  const h = Tensor.from(device, [1, 0], [1, 2]);
  const zero = Tensor.from(device, [0], [1], 'int32');
  const label = Tensor.from(device, [vocabulary - 1], [1], 'int32');

  const tape = new Tape();
  tape.watch(h);
  const logp = tape.run(() => linearLogprob(h, head, zero, label));
  tape.backward(logp, Float32Array.of(1));
  const [first, second] = await tape.gradient(h)!.read();

  const p = 1 / (1 + (vocabulary - 1) * 2e-8);
  expect(first / (p * Math.log(2e-8))).toBeCloseTo(1, 5);
  // All tokens have 1 here, so label and expectation cancel.
  expect(Math.abs(second)).toBeLessThan(1e-4);
  tape.dispose();
  device.close();
});

it.each(['float32', 'bf16'] as const)(
  'the pass that also prepares the gradient gives the same bits, and the gradient of a trained head, %s',
  async (dtype) => {
    const device = Device.open('cpu');
    const [count, width, vocabulary] = [300, 40, 5000];
    const random = new Random('one pass');
    const normal = (n: number, size: number) =>
      Float32Array.from({ length: n }, () => size * random.normal());
    const table = Tensor.from(device, normal(vocabulary * width, 0.5), [vocabulary, width]);
    const h = Tensor.from(device, normal(count * width, 1), [count, width], dtype);
    const rows = Array.from({ length: 2 * count }, (_, i) => Math.floor(i / 2));
    const rowsOf = Tensor.from(device, Int32Array.from(rows), [rows.length]);
    const labels = Tensor.from(
      device,
      Int32Array.from(rows, () => random.below(vocabulary)),
      [rows.length],
    );
    const weights = normal(rows.length, 1);

    const alone = linearLogprob(h, Weight.pack(table, dtype), rowsOf, labels);
    const [frozen, trained] = [false, true].map((train) => {
      const head = Weight.pack(table, dtype);
      if (train) head.grad = Tensor.from(device, new Float32Array(vocabulary * width), [vocabulary, width]);
      const tape = new Tape();
      tape.watch(h);
      const logp = tape.run(() => linearLogprob(h, head, rowsOf, labels));
      tape.backward(logp, weights);
      return { logp, dh: tape.gradient(h)! };
    });
    expect(await frozen.logp.read()).toEqual(await alone.read());
    const [a, b] = await Promise.all([frozen.dh.read(), trained.dh.read()]);
    const size = Math.hypot(...b);
    expect(Math.hypot(...a.map((x, i) => x - b[i])) / size).toBeLessThan(dtype === 'bf16' ? 2 ** -7 : 1e-6);
    device.close();
  },
);
