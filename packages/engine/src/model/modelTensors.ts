import { owned } from '../tensor/scope.js';
import { Weight } from '../tensor/weight.js';
import { fitsBf16, type TensorToWrite } from './files/writeSafetensors.js';
import { fused } from './fusedRows.js';
import type { ModelWeights } from './weights.js';

/**
 * A model's tensors as files of its family hold them, in its dtype, and those that the folder it was read from has beside
 * them. Norms that bf16 does not hold exactly stay float32.
 */
export async function modelTensors(
  model: Pick<ModelWeights, 'config' | 'dtype' | 'parameters' | 'origin'>,
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
  return inFiles(tensors, model);
}

/** Tensors by transformers' names, as files of the family hold them, and those that the folder they came from has beside. */
export function inFiles(
  tensors: readonly TensorToWrite[],
  { config, origin }: Pick<ModelWeights, 'config' | 'origin'>,
): TensorToWrite[] {
  const own = fused(tensors, config);
  if (origin === undefined) return own;
  return [...own.map((tensor) => ({ ...tensor, name: origin.nameOf(tensor.name) })), ...origin.beside];
}

async function readRows(weight: Weight): Promise<Float32Array> {
  const rows = owned(() => weight.rows());
  try {
    return (await rows.read()) as Float32Array;
  } finally {
    rows.dispose();
  }
}
