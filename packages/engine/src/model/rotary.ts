import type { Device } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LayerType, ModelConfig } from './config.js';
import { ropeRows } from './rope.js';
import { RopeTable } from './ropeTable.js';

/** The rotary tables of a model, one for each kind of its layers. */
export class Rotary {
  readonly #kinds: readonly LayerType['rope'][];
  readonly #tables: ReadonlyMap<LayerType['rope'], RopeTable>;

  constructor(device: Device, config: ModelConfig) {
    this.#kinds = config.layerTypes?.map(({ rope }) => rope) ?? Array(config.layers).fill('global');
    this.#tables = new Map(
      [...new Set(this.#kinds)].map((kind) => [kind, new RopeTable(device, rowsOf(config, kind))]),
    );
  }

  /** The table of a layer, of at least `length` rows; see `RopeTable.rows`. */
  rows(layer: number, length: number): Tensor {
    return this.#tables.get(this.#kinds[layer])!.rows(length);
  }

  /** Uploads what `rows` of this length will give: recording a program refuses uploads. */
  prepare(length: number): void {
    for (const table of this.#tables.values()) table.rows(length);
  }

  dispose(): void {
    for (const table of this.#tables.values()) table.dispose();
  }
}

function rowsOf(config: ModelConfig, kind: LayerType['rope']) {
  const { maxPositions: limit, localRope } = config;
  const width = config.rotaryDim ?? config.headDim;
  if (kind === 'none') {
    // A turn by no angle leaves the bits as they are.
    const row = Float32Array.from({ length: width }, (_, i) => (i < width / 2 ? 1 : 0));
    return {
      width,
      limit,
      make: (from: number, to: number) =>
        Float32Array.from({ length: (to - from) * width }, (_, i) => row[i % width]),
    };
  }
  const shape =
    kind === 'local' && localRope !== undefined
      ? { ...config, ropeTheta: localRope.theta, ropeScaling: localRope.scaling }
      : config;
  return { width, limit, make: (from: number, to: number) => ropeRows(shape, from, to) };
}
