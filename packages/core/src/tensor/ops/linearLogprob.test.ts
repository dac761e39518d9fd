import { expect, it } from 'vitest';
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
