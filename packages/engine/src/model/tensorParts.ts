import type { Device } from '../tensor/device.js';
import { PACKED_ROWS } from '../tensor/weight.js';
import { groupsOfRows } from './files/rows.js';
import type { HostTensor } from './files/safetensors.js';
import { Scratch } from './files/scratch.js';
import type { LoadableSource } from './source.js';

/** Values of a matrix that are on the host at once while it is read and written. */
const AT_ONCE = 2 ** 20;

/** Some rows of a tensor; of one that is no matrix, all of it. */
export interface TensorPart {
  /** The first row. */
  from: number;
  tensor: HostTensor;
}

export type PartReader = (
  name: string,
  shape: readonly number[],
  multiple?: number,
) => AsyncGenerator<TensorPart, void, undefined>;

/**
 * Reads tensors of a source by groups of rows, so that writing a large one takes little memory: each part is valid until
 * the next is read.
 *
 * @returns a reader; `multiple` of rows is in each part but the last
 */
export function partReader(source: LoadableSource, device: Device): PartReader {
  const scratch = new Scratch();
  return async function* (name, shape, multiple = PACKED_ROWS) {
    if (shape.length !== 2) {
      yield { from: 0, tensor: await source.read(name, undefined, device) };
      return;
    }
    for (const rows of groupsOfRows(shape, AT_ONCE, multiple))
      yield { from: rows.from, tensor: await source.read(name, { ...rows, scratch }, device) };
  };
}
