import { Tensor } from '@selfjudge/engine';
import { DeviceTree } from '@selfjudge/engine';
import { Vector, type Vector2 } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import type { Device } from '@selfjudge/engine';
import type { Random } from './random.js';

/**
 * How an input reaches the op. `activation`, `weight` and `vector` are stored in the dtype under test, `matrix`
 * (adapters) and `float32` always in float32, `ints` in int32.
 */
export type Role = 'activation' | 'weight' | 'vector' | 'matrix' | 'float32' | 'ints';

export interface Input {
  role: Role;
  shape: number[];
  values: ArrayLike<number>;
  /** Float inputs other than `float32` are differentiated unless this is true. */
  frozen?: boolean;
}

/** The float64 values of a case's inputs, already rounded to what the device stores. */
export type Values = Record<string, Float64Array>;

export type StorageType = 'float32' | 'bf16';

/** One row of the case table: the same call on the device and in float64. */
export interface OpCase {
  /** The wrapper's name, and what is special about this call. */
  op: string;
  name: string;
  /** Storage types to run in; default both. */
  dtypes?: StorageType[];
  inputs: (random: Random) => Record<string, Input>;
  run: (x: Operands) => Tensor[];
  /** One array for each tensor of `run`. Integer results must be equal. */
  oracle: (x: Values) => Float64Array[];
  /** False for ops that have no gradient. Default true. */
  differentiable?: boolean;
  /** Roundings to the storage type from the inputs to a result, its own included. Default 1. */
  roundings?: number;
  /** The largest intermediate value, where rounding of it in float32 shows in a smaller result. Default 0. */
  magnitude?: number;
  /** The same for gradients: the size of terms that cancel in them. Default 0. */
  gradientMagnitude?: number;
  /** Step of the finite differences, of all or of named inputs, for functions of another curvature. Default 1e-3. */
  step?: number | Record<string, number>;
  /** Bound on the relative error of float32 results. Default 1e-5. */
  tolerance?: number;
}

/** The inputs of a case on a device. */
export class Operands {
  readonly device: Device;
  readonly dtype: StorageType;
  readonly #inputs: Record<string, Input>;
  readonly #made = new Map<string, Tensor | Weight | Vector>();
  readonly #trees: DeviceTree[] = [];

  constructor(device: Device, dtype: StorageType, inputs: Record<string, Input>) {
    this.device = device;
    this.dtype = dtype;
    this.#inputs = inputs;
    for (const [name, { role, shape, values }] of Object.entries(inputs)) {
      if (role === 'ints') {
        this.#made.set(name, Tensor.from(device, Int32Array.from(values), shape));
        continue;
      }
      const stored = role === 'matrix' || role === 'float32' ? 'float32' : dtype;
      const tensor = Tensor.from(device, Float32Array.from(values), shape, stored);
      if (role === 'weight') {
        this.#made.set(name, Weight.pack(tensor, stored));
        tensor.dispose();
      } else {
        this.#made.set(name, role === 'vector' || role === 'matrix' ? new Vector(tensor) : tensor);
      }
    }
  }

  tensor(name: string): Tensor {
    return this.#made.get(name) as Tensor;
  }

  weight(name: string): Weight {
    return this.#made.get(name) as Weight;
  }

  vector(name: string): Vector {
    return this.#made.get(name) as Vector;
  }

  matrix(name: string): Vector2 {
    return this.#made.get(name) as Vector2;
  }

  tree(segments: number[] | Int32Array): DeviceTree {
    const triples = Int32Array.from(segments);
    let rows = 0;
    for (let s = 1; s < triples.length; s += 3) rows += triples[s];
    const tree = DeviceTree.from(this.device, { segments: triples, rows });
    this.#trees.push(tree);
    return tree;
  }

  /** Names of the inputs to differentiate. */
  differentiated(): string[] {
    return Object.entries(this.#inputs)
      .filter(([, { role, frozen }]) => role !== 'ints' && role !== 'float32' && frozen !== true)
      .map(([name]) => name);
  }

  /** Gives every differentiated parameter a zero gradient and returns the activations to watch. */
  train(): Tensor[] {
    const watched: Tensor[] = [];
    for (const name of this.differentiated()) {
      const made = this.#made.get(name);
      if (made instanceof Tensor) watched.push(made);
      else if (made !== undefined) made.grad = Tensor.zeros(this.device, this.#inputs[name].shape);
    }
    return watched;
  }

  dispose(): void {
    for (const made of this.#made.values()) {
      if (!(made instanceof Tensor)) made.grad?.dispose();
      made.dispose();
    }
    for (const tree of this.#trees) tree.dispose();
  }
}

/** The values as the device stores them, in float64. */
export function storedValues(inputs: Record<string, Input>, dtype: StorageType): Values {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { role, values }]) => {
      const bf16 = dtype === 'bf16' && (role === 'activation' || role === 'weight' || role === 'vector');
      const stored = bf16 ? toBf16 : role === 'ints' ? (value: number) => value : Math.fround;
      return [name, new Float64Array(values).map(stored)];
    }),
  );
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest bf16 value, ties to even. */
export function toBf16(value: number): number {
  float[0] = value;
  bits[0] = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) & 0xffff_0000;
  return float[0];
}
