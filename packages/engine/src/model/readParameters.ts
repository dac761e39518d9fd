import type { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/cast.js';
import { owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Vector } from '../tensor/vector.js';
import { PACKED_ROWS, Weight } from '../tensor/weight.js';
import { parameterSpecs } from './config.js';
import { groupsOfRows } from './files/rows.js';
import type { HostTensor } from './files/safetensors.js';
import { Scratch } from './files/scratch.js';
import { Fingerprint } from './fingerprint.js';
import type { LoadableSource } from './source.js';

/**
 * Values of a matrix that are on the host at once: its rows are read, uploaded and packed by groups, so that opening a
 * model takes little more memory than the model.
 */
const AT_ONCE = 2 ** 20;

/** A model's parameters by name, and what tells them from others. */
export interface ReadParameters {
  parameters: Map<string, Weight | Vector>;
  fingerprint: string;
}

/**
 * Reads a source's tensors: matrices packed in `dtype`, norms as float32, biases in `dtype`.
 *
 * @param onProgress called after each tensor
 * @throws FileFormatError for values that are not finite; nothing is left on the device then
 */
export async function readParameters(
  source: LoadableSource,
  device: Device,
  dtype: 'float32' | 'bf16',
  onProgress?: (done: number, total: number) => void,
): Promise<ReadParameters> {
  const specs = [...parameterSpecs(source.config)];
  const parameters = new Map<string, Weight | Vector>();
  const fingerprint = new Fingerprint(source.path);
  const scratch = new Scratch();
  try {
    for (const [i, { name, shape }] of specs.entries()) {
      if (shape.length === 2) {
        const weight = Weight.empty(device, [shape[0], shape[1]], dtype);
        parameters.set(name, weight);
        for (const rows of groupsOfRows(shape, AT_ONCE, PACKED_ROWS)) {
          const tensor = await source.read(name, { ...rows, scratch }, device);
          fingerprint.add(name, shape, tensor);
          // While these were read, those before them were packed: nothing queues up, and an idle stream is written to
          // without a copy in between.
          await device.sync();
          tidy(() => weight.packRows(rows.from, upload(device, tensor)));
        }
      } else {
        const tensor = await source.read(name, undefined, device);
        fingerprint.add(name, shape, tensor);
        parameters.set(name, vectorOf(device, dtype, name, tensor));
      }
      onProgress?.(i + 1, specs.length);
    }
    await device.sync();
  } catch (error) {
    for (const weight of parameters.values()) weight.dispose();
    throw error;
  }
  return { parameters, fingerprint: fingerprint.digest() };
}

/** A parameter of values that are on the host: as `readParameters` has it. */
export function parameterOf(
  device: Device,
  dtype: 'float32' | 'bf16',
  name: string,
  host: HostTensor,
): Weight | Vector {
  if (host.shape.length === 2) return tidy(() => Weight.pack(upload(device, host), dtype));
  return vectorOf(device, dtype, name, host);
}

function vectorOf(device: Device, dtype: 'float32' | 'bf16', name: string, host: HostTensor): Vector {
  const as = name.endsWith('.bias') ? dtype : 'float32';
  return new Vector(owned(() => tidy(() => cast(upload(device, host), as))));
}

const upload = (device: Device, { data, shape, dtype }: HostTensor) =>
  Tensor.from(device, data, shape, dtype);
