import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cpuInfo } from '@selfjudge/native';
import { openPath } from '@selfjudge/testing/openPath';
import { kernelPath } from '@selfjudge/testing/project';
import { Random } from '@selfjudge/testing/random';
import type { Device } from './device.js';
import { linear } from './ops/linear.js';
import { tidy } from './scope.js';
import { Tensor } from './tensor.js';
import { Weight } from './weight.js';

let device: Device;
const random = new Random('packRows');

const normals = (rows: number, columns: number, dtype: 'float32' | 'bf16' = 'float32') =>
  Tensor.from(device, Float32Array.from(random.normals(rows * columns, 1)), [rows, columns], dtype);

async function bits(tensor: Tensor): Promise<Uint8Array> {
  const values = await tensor.read();
  tensor.dispose();
  return new Uint8Array(values.buffer);
}

describe.runIf(kernelPath === 'cuda' || cpuInfo().paths.includes(kernelPath))('Weight.packRows', () => {
  beforeAll(() => {
    device = openPath(kernelPath);
  });
  afterAll(() => device.close());

  // [rows, columns, rows at once]
  const shapes = [
    [48, 8, 48],
    [100, 7, 48],
    [96, 3, 48],
    [200, 33, 96],
    [241, 130, 144],
  ] as const;
  for (const dtype of ['float32', 'bf16'] as const)
    it.each(shapes)(`%d x %d by groups of %d is the weight packed whole, ${dtype}`, async (n, k, step) => {
      const rows = normals(n, k);
      const whole = Weight.pack(rows, dtype);
      const parts = Weight.empty(device, [n, k], dtype);
      // Last first: they do not depend on each other.
      for (let from = Math.floor((n - 1) / step) * step; from >= 0; from -= step)
        tidy(() => parts.packRows(from, rows.view(from * k, [Math.min(step, n - from), k])));
      expect(await bits(parts.rows())).toEqual(await bits(whole.rows()));
      const x = normals(5, k, dtype);
      expect(await bits(linear(x, parts))).toEqual(await bits(linear(x, whole)));
      for (const one of [rows, whole, parts, x]) one.dispose();
    });
});
