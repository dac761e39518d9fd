import { dequantize, quantize } from '@selfjudge/native';

import { FileFormatError } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { parameterSpecs, type ModelConfig } from './config.js';
import { familyOf } from './families/index.js';
import type { GgufEntry } from './files/ggufValues.js';
import { float32Of, type HostTensor } from './files/safetensors.js';
import { bytesToWrite, partsOf, type TensorToWrite } from './files/writeSafetensors.js';
import { writeGguf, type GgufTensorToWrite, type GgufWrittenType } from './files/writeGguf.js';
import { fused } from './fusedRows.js';
import { ggufShape } from './ggufMetadata.js';
import { ggufName, isNorm } from './ggufNames.js';
import type { ModelToMerge } from './modelToMerge.js';
import { WrittenTensors } from './storedTensors.js';
import { partReader } from './tensorParts.js';

export interface WriteGgufOptions {
  /** What matrices are stored as; norms and biases are F32. Rows that are no whole blocks of 32 become F16. */
  type: GgufWrittenType;
  /** Keys beside those of the model's shape, general.architecture excepted: general ones and the tokenizer's. */
  metadata: readonly GgufEntry[];
  /** Where an adapter's matrices are multiplied. */
  device: Device;
  /** Called before each tensor; may throw to end the work. @param done bytes of values in float32 */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Writes a model as llama.cpp opens it, a tensor at a time. A head that is tied to the table is not written.
 *
 * @returns the fingerprint that the model has when it is loaded from the file, and what matrices became F16
 * @throws ArgumentError for a model that GGUF has no form for, FileFormatError for values that the type has no number for
 */
export async function writeModelGguf(
  path: string,
  { source }: ModelToMerge,
  { type, metadata, device, onProgress }: WriteGgufOptions,
): Promise<{ fingerprint: string; halves: string[] }> {
  const { config } = source;
  const { architecture, metadata: shape, rope } = ggufShape(config);
  const written = new WrittenTensors(path);
  const read = partReader(source, device);
  const specs = [...parameterSpecs(config)];
  const total = specs.reduce((sum, spec) => sum + bytesToWrite({ ...spec, dtype: 'F32' }), 0);
  let done = 0;
  const tensors = specs.map(({ name, shape }): TensorToWrite => ({
    name,
    shape,
    dtype: 'F32',
    values: async function* (): AsyncIterable<Float32Array> {
      onProgress?.(done, total);
      done += bytesToWrite({ shape, dtype: 'F32' });
      // Whole heads, whose rows change places.
      for await (const { from, tensor } of read(name, shape, config.headDim)) {
        const values = float32Of(tensor);
        const own = shape.length === 1 ? inFile(values, name, config) : values;
        written.note(name, asRead(own, { name, shape: tensor.shape, from, type, path, config }), shape);
        yield interleaved(own, name, config, shape[1] ?? 1);
      }
    },
  }));
  const types = await writeGguf(
    path,
    [{ key: 'general.architecture', type: 'string', value: architecture }, ...metadata, ...shape],
    [...inOrder(tensors, config, type), ...rope.map(ropeTensor)],
  );
  const names = specs.map(({ name }) => name);
  return {
    fingerprint: written.digest(names),
    halves: type === 'F16' ? [] : [...types].flatMap(([name, own]) => (own === 'F16' ? [name] : [])),
  };
}

/** Bytes of a file's tensors. */
export function ggufBytes({ source: { config } }: ModelToMerge, type: GgufWrittenType): number {
  const perBlock = { F32: 128, F16: 64, BF16: 64, Q8_0: 34, Q4_0: 18 };
  return [...parameterSpecs(config)].reduce((sum, { shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return sum + (size / 32) * perBlock[shape.length === 1 ? 'F32' : typeOf(shape, type)];
  }, 0);
}

/** What a matrix is stored as: rows of other than whole blocks are no blocks. */
const typeOf = (shape: readonly number[], type: GgufWrittenType): GgufWrittenType =>
  (type === 'Q8_0' || type === 'Q4_0') && shape[shape.length - 1] % 32 !== 0 ? 'F16' : type;

/** Under llama.cpp's names, rows that the family fuses as one. */
function inOrder(
  tensors: readonly TensorToWrite[],
  config: ModelConfig,
  type: GgufWrittenType,
): GgufTensorToWrite[] {
  return fused(tensors, config).map(({ name, shape, values }) => ({
    name: ggufName(name, config) ?? name,
    type: shape.length === 1 ? 'F32' : type,
    shape,
    values: async function* (): AsyncIterable<Float32Array> {
      for await (const part of partsOf(values()))
        yield part instanceof Float32Array
          ? part
          : new Float32Array(part.buffer, part.byteOffset, part.byteLength / 4);
    },
  }));
}

const ropeTensor = ({ name, values }: { name: string; values: Float32Array }): GgufTensorToWrite => ({
  name,
  type: 'F32',
  shape: [values.length],
  values: () => values,
});

/** What a norm multiplies by, the offset in it. */
function inFile(values: Float32Array, name: string, { normOffset = 0 }: ModelConfig): Float32Array {
  return normOffset !== 0 && isNorm(name) ? values.map((x) => x + normOffset) : values;
}

/** What the reader of the file will have in the tensor's place. @throws FileFormatError */
function asRead(
  values: Float32Array,
  {
    name,
    shape,
    from,
    type,
    path,
    config,
  }: {
    name: string;
    shape: number[];
    from: number;
    type: GgufWrittenType;
    path: string;
    config: ModelConfig;
  },
): HostTensor {
  if (shape.length === 1) {
    const offset = config.normOffset ?? 0;
    const data = offset !== 0 && isNorm(name) ? values.map((x) => x - offset) : values;
    return { dtype: 'float32', shape, data };
  }
  const own = typeOf(shape, type);
  if (own === 'F32') return { dtype: 'float32', shape, data: values };
  const { data, unfit } = quantize(own, values);
  if (unfit < 0) return { dtype: 'float32', shape, data: dequantize(own, data, values.length) };
  throw new FileFormatError({
    path,
    expected: `finite values in '${name}' that ${own} has numbers for`,
    received: `${values[unfit]} at [${from + Math.floor(unfit / shape[1])}, ${unfit % shape[1]}]`,
  });
}

/** Rows of whole heads of q and k in the order that llama.cpp rotates neighbours in: the inverse of `halfSplit`. */
export function interleaved(
  values: Float32Array,
  name: string,
  config: ModelConfig,
  columns: number,
): Float32Array {
  if (familyOf(config)?.gguf?.permuted !== true || !/\.[qk]_proj\./.test(name)) return values;
  const { headDim } = config;
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const within = row % headDim;
    const half = headDim / 2;
    const target = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
    out.set(values.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return out;
}
