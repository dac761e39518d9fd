import { owned } from '../tensor/scope.js';
import { Weight } from '../tensor/weight.js';
import { fitsBf16, type TensorToWrite } from './files/writeSafetensors.js';
import type { ModelWeights } from './weights.js';

/** A model's tensors as its file holds them, in its dtype. Norms that bf16 does not hold exactly stay float32. */
export async function modelTensors(
  model: Pick<ModelWeights, 'dtype' | 'parameters'>,
): Promise<TensorToWrite[]> {
  const tensors: TensorToWrite[] = [];
  for (const { name, shape, weight } of model.parameters()) {
    if (weight instanceof Weight) {
      const dtype = model.dtype === 'bf16' ? 'BF16' : 'F32';
      tensors.push({ name, shape, dtype, values: () => readRows(weight) });
    } else {
      const values = (await weight.value.read()) as Float32Array;
      const dtype = model.dtype === 'bf16' && fitsBf16(values) ? 'BF16' : 'F32';
      tensors.push({ name, shape, dtype, values: () => values });
    }
  }
  return tensors;
}

async function readRows(weight: Weight): Promise<Float32Array> {
  const rows = owned(() => weight.rows());
  try {
    return (await rows.read()) as Float32Array;
  } finally {
    rows.dispose();
  }
}
