import { dequantize, quantize } from '@selfjudge/native';

import { FileFormatError } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { parameterSpecs } from './config.js';
import { float32Of, type HostTensor } from './files/safetensors.js';
import type { TensorToWrite, TensorValues } from './files/writeSafetensors.js';
import { digestOf, TensorLines } from './fingerprint.js';
import { isNorm } from './ggufNames.js';
import type { LoadableSource, StoredDtype } from './source.js';
import { partReader } from './tensorParts.js';

const NAMES = { float32: 'F32', float16: 'F16', bf16: 'BF16' } as const;
/** The largest value of a dtype. */
const LARGEST = { float16: 65504, bf16: 2 ** 128 - 2 ** 120 } as const;

/** A tensor as a file stores it, and as it will be read from there. */
export interface Stored {
  dtype: StoredDtype;
  /** float32 values, or the bits of the others. */
  data: Float32Array | Uint16Array;
  read: HostTensor;
}

/**
 * Values rounded to a dtype, to nearest, ties to even.
 * @param name with `path` named in errors
 * @param from the first of their rows
 * @throws FileFormatError for a value that the dtype has no number for
 */
export function stored(tensor: HostTensor, dtype: StoredDtype, path: string, name: string, from = 0): Stored {
  const { shape } = tensor;
  if (dtype === 'bf16' && tensor.dtype === 'bf16') return { dtype, data: tensor.data, read: tensor };
  const values = float32Of(tensor);
  if (dtype === 'float32') return { dtype, data: values, read: { dtype, shape, data: values } };
  const { data, unfit } = quantize(NAMES[dtype] as 'F16' | 'BF16', values);
  if (unfit >= 0) {
    throw new FileFormatError({
      path,
      expected: `finite values in '${name}', of magnitude at most ${LARGEST[dtype]} for ${dtype}`,
      received: `${values[unfit]} at ${unfit + from * (shape[1] ?? 1)}`,
    });
  }
  const bits = new Uint16Array(data.buffer, data.byteOffset, values.length);
  const read: HostTensor =
    dtype === 'bf16'
      ? { dtype, shape, data: bits }
      : { dtype: 'float32', shape, data: dequantize('F16', data, values.length) };
  return { dtype, data: bits, read };
}

/** The tensors that are written, noted as they pass: what their files must give when they are read again. */
export class WrittenTensors {
  readonly #noted = new Map<string, string>();
  readonly #lines: TensorLines;

  /** @param path of what is written, named in errors */
  constructor(path: string) {
    this.#lines = new TensorLines(path);
  }

  /**
   * @param tensor all of it, or its next rows
   * @param shape of all of it
   * @throws FileFormatError where it holds NaN or an infinity
   */
  note(name: string, tensor: HostTensor, shape = tensor.shape): void {
    const line = this.#lines.add(name, shape, tensor);
    if (line !== undefined) this.#noted.set(name, line);
  }

  /** The fingerprint of a model with these tensors. @param names in the order of the model's */
  digest(names: Iterable<string>): string {
    return digestOf(Array.from(names, (name) => this.#noted.get(name) ?? ''));
  }
}

/**
 * The tensors of a source in a dtype, by transformers' names and in its order, each read in parts when its turn comes. Norms that
 * the dtype does not hold exactly stay float32.
 */
export async function storedTensors(
  source: LoadableSource,
  dtype: StoredDtype,
  device: Device,
  written: WrittenTensors,
): Promise<TensorToWrite[]> {
  const tensors: TensorToWrite[] = [];
  const read = partReader(source, device);
  for (const { name, shape } of parameterSpecs(source.config)) {
    const own = isNorm(name)
      ? exact(await source.read(name, undefined, device), dtype, source.path, name)
      : dtype;
    const values = async function* (): AsyncIterable<TensorValues> {
      for await (const { from, tensor } of read(name, shape)) {
        const { data, read: again } = stored(tensor, own, source.path, name, from);
        written.note(name, again, shape);
        yield data;
      }
    };
    tensors.push({ name, dtype: NAMES[own], shape, values });
  }
  return tensors;
}

/** The dtype, or float32 for a norm that it does not hold exactly. */
function exact(norm: HostTensor, dtype: StoredDtype, path: string, name: string): StoredDtype {
  const { read } = stored(norm, dtype, path, name);
  const [given, kept] = [float32Of(norm), float32Of(read)];
  return given.every((x, i) => x === kept[i]) ? dtype : 'float32';
}
