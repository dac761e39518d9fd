import { add } from '../tensor/ops/add.js';
import { cast } from '../tensor/ops/cast.js';
import { linear } from '../tensor/ops/linear.js';
import { tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Weight } from '../tensor/weight.js';
import type { Adapter } from './adapter.js';
import { LINEARS, type LinearName } from './config.js';
import type { Model } from './model.js';

/**
 * A frozen model of its own whose weights are W + sum over adapters of alpha / r B A, summed in float32 and rounded to
 * the model's dtype: equal to the view with these adapters up to that rounding.
 */
export async function mergeAdapters(model: Model, adapters: readonly Adapter[]): Promise<Model> {
  for (const adapter of adapters) adapter.assertFits(model);
  const merged = model.clone();
  try {
    for (const layer of merged.layers.keys()) {
      for (const name of LINEARS) await addTo(merged, layer, name, adapters);
    }
  } catch (error) {
    merged.dispose();
    throw error;
  }
  return merged;
}

/** Adds what the adapters add to one linear layer to its weight. */
async function addTo(
  { device, layers }: Model,
  layer: number,
  name: LinearName,
  adapters: readonly Adapter[],
): Promise<void> {
  const parts: { b: Tensor; right: Float32Array; shape: [number, number] }[] = [];
  for (const adapter of adapters) {
    const matrices = adapter.matrices(layer, name);
    if (matrices === undefined) continue;
    const [r, columns] = matrices.a.value.shape;
    const values = (await matrices.a.value.read()) as Float32Array;
    parts.push({
      b: matrices.b.value,
      right: scaledTranspose(values, r, matrices.scale),
      shape: [columns, r],
    });
  }
  if (parts.length === 0) return;
  const { weight } = layers[layer].linears[name];
  tidy(() => {
    let sum = cast(weight.rows(), 'float32');
    for (const { b, right, shape } of parts) {
      // B A = B (A^T)^T: a linear layer with B as its rows.
      const packed = Weight.pack(Tensor.from(device, right, shape), 'float32');
      try {
        sum = add(sum, linear(b, packed));
      } finally {
        packed.dispose();
      }
    }
    weight.repack(sum);
  });
}

/** scale A^T, [K, r], of A [r, K]. */
function scaledTranspose(a: Float32Array, r: number, scale: number): Float32Array {
  const columns = a.length / r;
  const out = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) out[(i % columns) * r + Math.floor(i / columns)] = scale * a[i];
  return out;
}
