import { describe, expect, it } from 'vitest';
import { Random } from '@selfjudge/base';
import { Device } from '../device.js';
import { Tape } from '../tape.js';
import { Tensor } from '../tensor.js';
import { Vector } from '../vector.js';
import { Weight } from '../weight.js';
import { linear } from './linear.js';
import { linearGroup } from './linearGroup.js';

const device = Device.open('cpu');
const random = new Random(5);
const normal = (shape: number[], dtype: 'float32' | 'bf16' = 'float32') =>
  Tensor.from(
    device,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
    shape,
    dtype,
  );

describe('linearGroup', () => {
  for (const dtype of ['float32', 'bf16'] as const)
    for (const rows of [1, 4, 5, 16, 33, 300])
      it(`has the bits of linear, ${rows} rows, ${dtype}`, async () => {
        const x = normal([rows, 96], dtype);
        const parts = [144, 50, 48].map((n, i) => ({
          weight: Weight.pack(normal([n, 96]), dtype),
          bias: i === 1 ? new Vector(normal([n], dtype)) : undefined,
          adapters: [8, 3]
            .slice(i)
            .map((r) => ({ a: { value: normal([r, 96]) }, b: { value: normal([n, r]) }, scale: 0.7 })),
        }));
        const together = await Promise.all(linearGroup(x, parts).map((y) => y.read()));
        for (const [i, { weight, bias, adapters }] of parts.entries()) {
          const all = adapters.map((one) => ({ ...one, start: 0, rows, dropout: 0, module: 0 }));
          expect(together[i]).toEqual(await linear(x, weight, { bias, adapters: all }).read());
        }
      });

  it('refuses a trained layer while a tape runs', () => {
    const x = normal([2, 8]);
    const weight = Weight.pack(normal([4, 8]), 'float32');
    weight.grad = Tensor.zeros(device, [4, 8]);
    expect(() => new Tape().run(() => linearGroup(x, [{ weight }, { weight }])[0])).toThrow(
      /parts\[0\]: expected a layer that is not trained/,
    );
    expect(linearGroup(x, [{ weight }, { weight }]).map((y) => y.shape)).toEqual([
      [2, 4],
      [2, 4],
    ]);
  });
});
