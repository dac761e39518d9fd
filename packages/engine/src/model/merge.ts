import { model as isModel } from '../checks.js';
import { check, list } from '@selfjudge/base/checks';
import { add } from '../tensor/ops/add.js';
import { cast } from '../tensor/ops/cast.js';
import { linear } from '../tensor/ops/linear.js';
import { tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Weight } from '../tensor/weight.js';
import { isAdapter, type Adapter } from './adapter.js';
import { LINEARS } from './config.js';
import type { LlamaModel } from './llama.js';

/**
 * A frozen model of its own whose weights are W + sum over adapters of alpha / r B A, summed in float32 and rounded to
 * the model's dtype: equal to the view with these adapters up to that rounding.
 */
export async function mergeAdapters(model: LlamaModel, adapters: readonly Adapter[]): Promise<LlamaModel> {
  check('mergeAdapters', { model, adapters }, { model: isModel, adapters: list(isAdapter) });
  const { device } = model;
  for (const adapter of adapters) adapter.assertFits(model);
  const merged = model.clone();
  for (const [layer, { linears }] of merged.layers.entries()) {
    for (const name of LINEARS) {
      const found = adapters.map((adapter) => ({ ...adapter.matrices(layer, name), scale: adapter.scale }));
      const parts: { b: Tensor; right: Float32Array; shape: [number, number] }[] = [];
      for (const { a, b, scale } of found) {
        if (a === undefined || b === undefined) continue;
        const [r, columns] = a.value.shape;
        const values = (await a.value.read()) as Float32Array;
        parts.push({ b: b.value, right: scaledTranspose(values, r, scale), shape: [columns, r] });
      }
      if (parts.length === 0) continue;
      const { weight } = linears[name];
      tidy(() => {
        let sum = cast(weight.rows(), 'float32');
        for (const { b, right, shape } of parts) {
          // B A = B (A^T)^T: a linear layer with B as its rows.
          const packed = Weight.pack(Tensor.from(device, right, shape), 'float32');
          sum = add(sum, linear(b, packed));
          packed.dispose();
        }
        weight.repack(sum);
      });
    }
  }
  return merged;
}

/** scale A^T, [K, r], of A [r, K]. */
function scaledTranspose(a: Float32Array, r: number, scale: number): Float32Array {
  const columns = a.length / r;
  const out = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) out[(i % columns) * r + Math.floor(i / columns)] = scale * a[i];
  return out;
}
