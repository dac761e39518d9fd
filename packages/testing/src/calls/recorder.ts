import { contracts } from '@selfjudge/native';
import type {
  NativeContract,
  NativeDevice,
  NativeDType,
  NativeLayout,
  NativeTensor,
} from '@selfjudge/native';
import { PANELS } from '../native.js';

/** A tensor's values away from any device; those of panels are its rows. */
export interface Content {
  dtype: NativeDType;
  layout: NativeLayout;
  shape: number[];
  values: Float32Array | Int32Array;
}

/** A call of a native op with all that it takes to make it again. */
export interface RecordedCall {
  contract: NativeContract;
  /** One for each tensor of the contract; null for absent ones and outputs. */
  tensors: (Content | null)[];
  numbers: (number | string)[];
  /** Triples of the tree, where the op takes one. */
  segments: Int32Array | null;
}

type Known = Omit<Content, 'values'>;

const byName = new Map(contracts().map((contract) => [contract.op, contract]));

/** Keeps the calls that a device gets while it is asked to, each kind of call once: op, dtypes, shapes and numbers. */
export class Recorder {
  readonly #native: NativeDevice;
  readonly #known = new Map<number, Known>();
  readonly #trees = new Map<number, Int32Array>();
  readonly #seen = new Set<string>();
  #calls: Promise<RecordedCall>[] | undefined;

  constructor(native: NativeDevice) {
    this.#native = native;
    const { empty, upload, view, retain, tree, enqueue } = native;
    native.empty = (...given) => this.#remember(empty.apply(native, given));
    native.upload = (...given) => this.#remember(upload.apply(native, given));
    native.view = (...given) => this.#remember(view.apply(native, given));
    native.retain = (handle) => {
      const other = retain.call(native, handle);
      this.#known.set(other, this.#known.get(handle)!);
      return other;
    };
    native.tree = (segments) => {
      const handle = tree.call(native, segments);
      this.#trees.set(handle, segments.slice());
      return handle;
    };
    native.enqueue = (op, tensors, numbers, of) => {
      this.#keep(op, tensors, numbers, of);
      const outputs = enqueue.call(native, op, tensors, numbers, of);
      for (const output of outputs) if (output !== null) this.#remember(output);
      return outputs;
    };
  }

  /** The calls that `run` makes and whose kind was not kept before. */
  async during(run: () => Promise<void>): Promise<RecordedCall[]> {
    const calls: Promise<RecordedCall>[] = [];
    this.#calls = calls;
    try {
      await run();
    } finally {
      this.#calls = undefined;
    }
    return Promise.all(calls);
  }

  #remember(tensor: NativeTensor): NativeTensor {
    this.#known.set(tensor.handle, tensor);
    return tensor;
  }

  #keep(op: string, handles: (number | null)[], numbers: (number | string)[], tree: number | null): void {
    const calls = this.#calls;
    if (calls === undefined) return;
    const known = handles.map((handle) => (handle === null ? null : this.#known.get(handle)!));
    const segments = tree === null ? null : this.#trees.get(tree)!;
    const kinds = known.map((tensor) => tensor && [tensor.dtype, tensor.layout, ...tensor.shape].join());
    const key = JSON.stringify([op, kinds, numbers, segments && Array.from(segments)]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#calls = undefined; // of what follows, nothing is a call of the case
    const read = Promise.all(known.map((tensor, i) => tensor && this.#contentOf(handles[i]!, tensor)));
    this.#calls = calls;
    const contract = byName.get(op)!;
    calls.push(read.then((tensors) => ({ contract, tensors, numbers: [...numbers], segments })));
  }

  /** What the tensor holds now, in stream order. */
  #contentOf(handle: number, known: Known): Promise<Content> {
    return readContent(this.#native, handle, known);
  }
}

/** The tensor's values once every command before this has run. */
export async function readContent(native: NativeDevice, handle: number, known: Known): Promise<Content> {
  const { dtype, layout, shape } = known;
  if (layout !== PANELS) return { dtype, layout, shape, values: await native.read(handle) };
  const [rows] = native.enqueue('unpack', [handle, null], [], null);
  const values = native.read(rows!.handle);
  native.dispose(rows!.handle);
  return { dtype, layout, shape, values: await values };
}
