import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FaultError } from '@selfjudge/base';
import { Random } from '@selfjudge/testing/random';
import { Device } from './device.js';
import { embedding } from './ops/embedding.js';
import { gatherRows } from './ops/rows.js';
import { Tensor } from './tensor.js';
import { Weight } from './weight.js';

const device = Device.open('cuda');
afterAll(() => device.close());
afterEach(() => device.recover());

describe('faults of data on the GPU', () => {
  it('a token id out of range is told at the next read, in the words of the CPU, and the device recovers', async () => {
    const rows = Tensor.from(device, new Float32Array(12), [3, 4]);
    const table = Weight.pack(rows, 'float32');
    const ids = Tensor.from(device, Int32Array.of(0, 2, 3), [3]);
    const y = embedding(table, ids);
    await expect(y.read()).rejects.toThrow('[embedding] ids[2]: expected 0 .. 2, received 3');
    expect(() => gatherRows(rows, ids)).toThrow(FaultError);
    device.recover();
    expect(Array.from(await rows.read())).toEqual(Array(12).fill(0));
    for (const tensor of [rows, table, ids, y]) tensor.dispose();
  });

  it('is told by sync too, once', async () => {
    const rows = Tensor.from(device, new Float32Array(12), [3, 4]);
    const ids = Tensor.from(device, Int32Array.of(-1), [1]);
    const y = gatherRows(rows, ids);
    await expect(device.sync()).rejects.toThrow('[gather_rows] rows[0]: expected 0 .. 2, received -1');
    device.recover();
    await device.sync();
    for (const tensor of [rows, ids, y]) tensor.dispose();
  });
});

describe('memory of the GPU', () => {
  const ROUNDS = device.path === 'simt' ? 500 : 10_000;

  it(`${ROUNDS} random allocations keep their values, and all of it comes back`, async () => {
    const random = new Random('allocations');
    const live: { tensor: Tensor; values: Float32Array }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      if (live.length < 40 && random.uniform() < 0.55) {
        const size = 1 + random.below(random.uniform() < 0.05 ? 200_000 : 3000);
        const values = new Float32Array(size).fill(round);
        live.push({ tensor: Tensor.from(device, values, [size]), values });
      } else if (live.length > 0) {
        const [{ tensor, values }] = live.splice(random.below(live.length), 1);
        if (random.uniform() < 0.3)
          expect(Buffer.from((await tensor.read()).buffer).equals(Buffer.from(values.buffer))).toBe(true);
        tensor.dispose();
      }
    }
    for (const { tensor } of live) tensor.dispose();
    await device.sync();
    expect(device.memory().live).toBe(0);
  });

  it('more than there is: a typed error with the table of memory, and the device goes on', async () => {
    const huge = 2 ** 44;
    expect(() => Tensor.zeros(device, [huge])).toThrow(/memory: expected .* free, received none: live/);
    const small = Tensor.zeros(device, [4]);
    expect(Array.from(await small.read())).toEqual([0, 0, 0, 0]);
    small.dispose();
  });
});
