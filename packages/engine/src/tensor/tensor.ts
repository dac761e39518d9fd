import type { NativeTensor } from '@selfjudge/native';
import { check, instance, list, measured, oneOf, whole } from '@selfjudge/base/checks';
import { ArgumentError, DisposedError } from '@selfjudge/base';
import { Device } from './device.js';
import { dtypeCode, dtypes, layouts, type DType, type Layout } from './dtype.js';
import { fromNative, guarded, guardedAsync } from './nativeErrors.js';
import { collect, orDispose } from './scope.js';
import { aliased, assertUntracked } from './tracker.js';

/** What tensors on the same memory share. */
interface Storage {
  /** Tensor objects alive on it: 1 means that writing in place changes nothing anybody else holds. */
  holders: number;
  /** Counts donations. A tensor of an earlier epoch is dead: its memory now holds another value. */
  epoch: number;
  /** The op that donated it last, for the message. */
  donatedTo: string;
}

interface Held {
  device: Device;
  handle: number;
  storage: Storage;
}

/** Frees what was dropped without dispose(). Runs on the JavaScript thread, some time after garbage collection. */
const leaked = new FinalizationRegistry<Held>(({ device, handle, storage }) => {
  storage.holders--;
  if (!device.closed) device.native.dispose(handle);
});

let nextId = 1;

const shapeCheck = list(whole(1));
const placement = { device: instance(Device), shape: shapeCheck, dtype: oneOf(...dtypes) };
const int32s = list(whole(-(2 ** 31), 2 ** 31 - 1));
const floats = list(measured);

/**
 * A handle on device memory: contiguous, row-major, rank 1 to 3, or a packed weight. Immutable as far as ops go,
 * except those that say they work in place. `dispose()` gives the memory back at once; a tensor that is dropped
 * without it is freed after garbage collection, which may be late.
 */
export class Tensor {
  /** Unique for each object of this thread; the tape knows tensors by it. */
  readonly id: number = nextId++;
  readonly device: Device;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly layout: Layout;
  readonly #storage: Storage;
  readonly #epoch: number;
  #handle: number | undefined;

  private constructor(device: Device, native: NativeTensor, storage: Storage) {
    this.device = device;
    this.shape = native.shape;
    this.dtype = dtypes[native.dtype];
    this.layout = layouts[native.layout];
    this.#handle = native.handle;
    this.#storage = storage;
    this.#epoch = storage.epoch;
    storage.holders++;
    leaked.register(this, { device, handle: native.handle, storage }, this);
    collect(this);
  }

  /** A tensor over fresh memory that the addon returned. For the tensor folder. */
  static adopt(device: Device, native: NativeTensor): Tensor {
    return new Tensor(device, native, { holders: 0, epoch: 0, donatedTo: '' });
  }

  /**
   * Copies values to the device. Float32Array and number[] become float32 (or bf16, rounded to nearest even),
   * Int32Array and number[] int32, Uint16Array holds the bits of bf16.
   */
  static from(
    device: Device,
    data: Float32Array | Int32Array | Uint16Array | readonly number[],
    shape: readonly number[],
    dtype: DType = naturalDType(data),
  ): Tensor {
    check('Tensor.from', { device, shape, dtype }, placement);
    device.assertOpen('Tensor.from');
    const values = asTyped(data, dtype);
    const native = guarded(() => device.native.upload(values, dtypeCode[dtype], [...shape]));
    return Tensor.adopt(device, native);
  }

  /** Uninitialised memory. */
  static empty(device: Device, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    check('Tensor.empty', { device, shape, dtype }, placement);
    device.assertOpen('Tensor.empty');
    return Tensor.adopt(
      device,
      guarded(() => device.native.empty(dtypeCode[dtype], [...shape], 0)),
    );
  }

  static zeros(device: Device, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    const x = Tensor.empty(device, shape, dtype);
    const handle = x.handle('Tensor.zeros');
    orDispose([x], () => guarded(() => device.native.enqueue('fill', [handle], [0], null)));
    return x;
  }

  get size(): number {
    return this.shape.reduce((product, n) => product * n, 1);
  }

  get disposed(): boolean {
    return this.#handle === undefined || this.#epoch !== this.#storage.epoch;
  }

  /** True when no other tensor object is on this memory, so that an op may overwrite it. */
  get exclusive(): boolean {
    return this.#storage.holders === 1;
  }

  /** The native handle; throws when the tensor is dead. `where` and `what` name caller and argument in the message. */
  handle(where: string, what = 'tensor'): number {
    if (this.#handle === undefined) {
      throw new DisposedError(what, {
        where,
        expected: 'a live tensor',
        received: `a disposed one of shape [${this.shape.join(', ')}]`,
      });
    }
    if (this.#epoch !== this.#storage.epoch) {
      throw new DisposedError(what, {
        where,
        expected: 'a live tensor',
        received: `one of shape [${this.shape.join(', ')}] whose memory was donated to ${this.#storage.donatedTo}`,
      });
    }
    this.device.assertOpen(where);
    return this.#handle;
  }

  /** Waits for the values, 2^32 at most. bf16 is widened to float32. Rejects with the stream's fault, if there is one. */
  async read(): Promise<Float32Array | Int32Array> {
    const handle = this.handle('Tensor.read');
    return (await guardedAsync(() => this.device.native.read(handle))) as Float32Array | Int32Array;
  }

  /** `shape` contiguous elements from element `offset`, on the same memory. It has no gradient (see `reshape`). */
  view(offset: number, shape: readonly number[]): Tensor {
    assertUntracked(this, 'Tensor.view');
    return this.alias(offset, shape);
  }

  /** `view` without the question whether a tape follows this tensor. For the tensor folder. */
  alias(offset: number, shape: readonly number[]): Tensor {
    const handle = this.handle('Tensor.view');
    shapeCheck(shape, 'shape', 'Tensor.view');
    const native = guarded(() => this.device.native.view(handle, offset, [...shape]));
    return new Tensor(this.device, native, this.#storage);
  }

  /** Another handle on the same value: the memory lives until both are disposed. */
  retain(): Tensor {
    const handle = this.handle('Tensor.retain');
    const native = {
      handle: guarded(() => this.device.native.retain(handle)),
      dtype: dtypeCode[this.dtype],
      layout: this.layout === 'rows' ? (0 as const) : (1 as const),
      shape: this.shape as number[],
    };
    const other = new Tensor(this.device, native, this.#storage);
    aliased(other, this);
    return other;
  }

  /**
   * Gives this tensor's memory to the result of an op that worked in place: this tensor and every view of the same
   * memory are dead, the returned one holds the new value. For the tensor folder.
   */
  donate(op: string): Tensor {
    const handle = this.handle(op);
    const native = {
      handle,
      dtype: dtypeCode[this.dtype],
      layout: this.layout === 'rows' ? (0 as const) : (1 as const),
      shape: this.shape as number[],
    };
    this.#release();
    this.#storage.epoch++;
    this.#storage.donatedTo = op;
    return new Tensor(this.device, native, this.#storage);
  }

  /** Drops the handle now. Disposing twice is fine. */
  dispose(): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#release();
    if (!this.device.closed) {
      try {
        this.device.native.dispose(handle);
      } catch (error) {
        throw fromNative(error);
      }
    }
  }

  #release(): void {
    this.#handle = undefined;
    this.#storage.holders--;
    leaked.unregister(this);
  }
}

function naturalDType(data: Float32Array | Int32Array | Uint16Array | readonly number[]): DType {
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Uint16Array ? 'bf16' : 'float32';
}

function asTyped(
  data: Float32Array | Int32Array | Uint16Array | readonly number[],
  dtype: DType,
): Float32Array | Int32Array | Uint16Array {
  if (data instanceof Int32Array || data instanceof Uint16Array || data instanceof Float32Array) {
    const fits =
      data instanceof Float32Array
        ? dtype !== 'int32'
        : dtype === (data instanceof Int32Array ? 'int32' : 'bf16');
    if (!fits) {
      throw new ArgumentError('data', {
        where: 'Tensor.from',
        expected: `values for dtype ${dtype}`,
        received: data.constructor.name,
      });
    }
    return data;
  }
  const [elements, expected] = dtype === 'int32' ? [int32s, 'Int32Array'] : [floats, 'Float32Array'];
  if (!Array.isArray(data)) {
    throw new ArgumentError('data', {
      where: 'Tensor.from',
      expected: `a list of numbers or ${expected}`,
      received: data,
    });
  }
  elements(data, 'data', 'Tensor.from');
  return dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data);
}
