import { Device, Tensor } from '@selfjudge/engine';
import { freemem } from 'node:os';
import { expect, it } from 'vitest';

// 8.6 GB: an array of JavaScript holds 2^32 values, and V8 ends the process that asks it for more.
it.skipIf(freemem() < 12e9)('a tensor that no array holds is refused', async () => {
  const device = Device.open('cpu');
  const x = Tensor.zeros(device, [2, 2 ** 31 + 1], 'bf16');
  await expect(x.read()).rejects.toThrow(
    '[read] handle: expected at most 2^32 values at once (views read parts), received 4294967298',
  );
  x.dispose();
  device.close();
});
