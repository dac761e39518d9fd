import { callback, check, float32s, instance, list, object, text, whole } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { Device } from '../tensor/device.js';
import { copyTo } from '../tensor/ops/copy.js';
import { fill } from '../tensor/ops/fill.js';
import { owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';

export interface ParameterEntry {
  name: string;
  /** Elements from the start of the flat tensors. */
  offset: number;
  shape: number[];
}

const setArguments = {
  device: instance(Device),
  value: instance(Tensor),
  entries: list(object({ name: text, offset: whole(0), shape: list(whole(1)) })),
  refresh: callback,
};

/** Places tensors one after another: the layout of a flat tensor that holds them all. */
export function layOut(specs: Iterable<{ name: string; shape: number[] }>): {
  entries: ParameterEntry[];
  size: number;
} {
  const entries: ParameterEntry[] = [];
  let size = 0;
  for (const { name, shape } of specs) {
    entries.push({ name, offset: size, shape: [...shape] });
    size += shape.reduce((a, b) => a * b, 1);
  }
  return { entries, size };
}

/** @throws ArgumentError unless values [size] can be put in the place of parameters that are not trained */
export function assertAssignable(
  values: Tensor,
  { what, where, size, trained }: { what: string; where: string; size: number; trained: boolean },
): void {
  if (trained)
    throw new ArgumentError(what, {
      where,
      expected: 'one that is not trained (the parameter set of one that is has load)',
      received: 'a trained one',
    });
  if (values.dtype === 'float32' && values.shape.length === 1 && values.size === size) return;
  throw new ArgumentError('values', {
    where,
    expected: `float32 [${size}]`,
    received: `${values.dtype} [${values.shape.join(', ')}]`,
  });
}

/**
 * Trained parameters as one flat float32 tensor and one for their gradients, so that an optimizer step, a norm or a
 * checkpoint is one call. The tensors the model computes with are views of these, or copies that `afterUpdate` renews.
 */
export class ParameterSet {
  /** float32 [size]. */
  readonly value: Tensor;
  /** float32 [size]; backward adds to it. */
  readonly grad: Tensor;
  readonly entries: readonly ParameterEntry[];
  readonly #refresh: () => void;

  /**
   * @param value float32 [size], owned by the caller's object
   * @param refresh renews what the model keeps besides `value`; called after every change
   */
  constructor(device: Device, value: Tensor, entries: readonly ParameterEntry[], refresh: () => void) {
    check('ParameterSet', { device, value, entries, refresh }, setArguments);
    this.value = value;
    this.grad = owned(() => Tensor.zeros(device, value.shape));
    this.entries = entries;
    this.#refresh = refresh;
  }

  get size(): number {
    return this.value.size;
  }

  zeroGrad(): void {
    fill(this.grad, 0);
  }

  /** To be called when `value` has changed: packs trained weights again. */
  afterUpdate(): void {
    this.#refresh();
  }

  /** The values, in the order of `entries`. */
  async read(): Promise<Float32Array> {
    return (await this.value.read()) as Float32Array;
  }

  /** Sets the values, as `read` gave them. */
  load(data: Float32Array): void {
    check('ParameterSet.load', { data }, { data: float32s });
    if (data.length !== this.size) {
      throw new ArgumentError('data', {
        where: 'ParameterSet.load',
        expected: `${this.size} values`,
        received: data.length,
      });
    }
    tidy(() => copyTo(Tensor.from(this.value.device, data, [data.length]), this.value));
    this.afterUpdate();
  }
}
