import { callback, instance, kind, list, tuple } from '@selfjudge/base/checks';
import { ArgumentError, DisposedError } from '@selfjudge/base';
import { accumulate } from './accumulate.js';
import { currentRecorder, withRecorder, type Recorder, type Recording } from './recording.js';
import { orDispose, owned, rejectPromise, tidy } from './scope.js';
import { Tensor } from './tensor.js';

interface Entry {
  op: string;
  inputs: (number | undefined)[];
  outputs: number[];
  needs: boolean[];
  saved: Record<string, Tensor | undefined>;
  release: (() => void) | undefined;
  backward: Recording<Record<string, Tensor | undefined>>['backward'];
}

/**
 * Records ops for one backward pass.
 *
 * Only calls downstream of a trained parameter (one with a `grad`) or a watched tensor are recorded. What a backward
 * needs is retained by the tape, so disposing tensors or `tidy` around the forward changes nothing; it is freed as
 * backward consumes it. Gradients of parameters ADD to their `grad` tensors.
 */
export class Tape implements Recorder {
  readonly #entries: Entry[] = [];
  /** The node of each tensor that needs a gradient: aliases of one value share a node. */
  readonly #nodes = new Map<number, number>();
  readonly #watched = new Map<number, Tensor | undefined>();
  #running = false;
  #spent = false;

  /** Runs `fn` with this as the tape of the thread. `fn` must be synchronous; runs do not nest. */
  run<T>(fn: () => T): T {
    callback(fn, 'fn', 'Tape.run');
    this.#assertFresh('Tape.run');
    if (currentRecorder() !== undefined) {
      throw new ArgumentError('tape', {
        where: 'Tape.run',
        expected: 'no tape running',
        received: this.#running ? 'this tape, running already' : 'another tape that runs',
      });
    }
    this.#running = true;
    try {
      const result = withRecorder(this, fn);
      rejectPromise(result, 'Tape.run');
      return result;
    } finally {
      this.#running = false;
    }
  }

  /** Asks for the gradient of a tensor that no recorded op produced; read it with `gradient` after backward. */
  watch(tensor: Tensor): void {
    isTensor(tensor, 'tensor', 'Tape.watch');
    this.#assertFresh('Tape.watch');
    if (this.#nodes.has(tensor.id)) return;
    this.#nodes.set(tensor.id, tensor.id);
    this.#watched.set(tensor.id, undefined);
  }

  /** The gradient of a watched tensor, the caller's to dispose; undefined where none flowed or it was taken. */
  gradient(tensor: Tensor): Tensor | undefined {
    isTensor(tensor, 'tensor', 'Tape.gradient');
    const gradient = this.#watched.get(tensor.id);
    if (gradient !== undefined) this.#watched.set(tensor.id, undefined);
    return gradient;
  }

  /**
   * Backpropagates from recorded outputs, once a tape. Gradients are given as tensors of the output's shape and dtype
   * or as float32 values, which are copied. Throws an ArgumentError for an output that nothing trained led to.
   */
  backward(output: Tensor, gradient: Tensor | Float32Array): void;
  backward(outputs: readonly (readonly [output: Tensor, gradient: Tensor | Float32Array])[]): void;
  backward(
    first: Tensor | readonly (readonly [Tensor, Tensor | Float32Array])[],
    gradient?: Tensor | Float32Array,
  ): void {
    this.#assertFresh('Tape.backward');
    if (first instanceof Tensor) gradientCheck(gradient, 'gradient', 'Tape.backward');
    else isOutputs(first, 'outputs', 'Tape.backward');
    const outputs = first instanceof Tensor ? [[first, gradient as Tensor | Float32Array] as const] : first;
    for (const [output, dy] of outputs) this.#check(output, dy);
    this.#spent = true;
    const gradients = new Map<number, Tensor>();
    try {
      owned(() =>
        withRecorder(undefined, () => {
          for (const [output, dy] of outputs) this.#seed(gradients, output, dy);
          for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
            consume(entry, gradients);
          }
        }),
      );
      for (const id of this.#watched.keys()) {
        this.#watched.set(id, gradients.get(id));
        gradients.delete(id);
      }
    } finally {
      for (const rest of gradients.values()) rest.dispose();
      this.#drop();
    }
  }

  /** Frees what the tape still holds. */
  dispose(): void {
    this.#spent = true;
    this.#drop();
    for (const gradient of this.#watched.values()) gradient?.dispose();
    this.#watched.clear();
  }

  tracks(tensor: Tensor): boolean {
    return this.#nodes.has(tensor.id);
  }

  alias(other: Tensor, tensor: Tensor): void {
    const node = this.#nodes.get(tensor.id);
    if (node !== undefined) this.#nodes.set(other.id, node);
  }

  record<S extends Record<string, Tensor | undefined>>(recording: Recording<S>): void {
    const inputs = recording.inputs.map((x) => (x === undefined ? undefined : this.#nodes.get(x.id)));
    const needs = inputs.map((node) => node !== undefined);
    const saved: Record<string, Tensor | undefined> = {};
    owned(() => {
      for (const [name, tensor] of Object.entries(recording.save?.(needs) ?? {}))
        saved[name] = tensor?.retain();
    });
    this.#entries.push({
      op: recording.op,
      inputs,
      outputs: recording.outputs.map((y) => y.id),
      needs,
      saved,
      release: recording.release,
      backward: recording.backward as Entry['backward'],
    });
    for (const y of recording.outputs) this.#nodes.set(y.id, y.id);
  }

  #seed(gradients: Map<number, Tensor>, output: Tensor, dy: Tensor | Float32Array): void {
    const node = this.#nodes.get(output.id) as number;
    const own =
      dy instanceof Tensor ? dy.retain() : Tensor.from(output.device, dy, output.shape, output.dtype);
    orDispose([own], () => gradients.set(node, accumulate(gradients.get(node), own)));
  }

  #check(output: Tensor, dy: Tensor | Float32Array): void {
    if (!this.#nodes.has(output.id)) {
      throw new ArgumentError('output', {
        where: 'Tape.backward',
        expected: 'an output of an op recorded on this tape, downstream of a trained parameter',
        received: `a tensor of shape [${output.shape.join(', ')}] the tape does not know`,
      });
    }
    const fits =
      dy instanceof Tensor ? sameShape(dy, output) && dy.dtype === output.dtype : dy.length === output.size;
    if (!fits) {
      throw new ArgumentError('gradient', {
        where: 'Tape.backward',
        expected: `${output.dtype} [${output.shape.join(', ')}]`,
        received: dy instanceof Tensor ? `${dy.dtype} [${dy.shape.join(', ')}]` : `${dy.length} values`,
      });
    }
  }

  #assertFresh(where: string): void {
    if (this.#spent) {
      throw new DisposedError('tape', {
        where,
        expected: 'a fresh tape',
        received: 'one after its backward or dispose',
      });
    }
  }

  #drop(): void {
    for (const entry of this.#entries) free(entry);
    this.#entries.length = 0;
    this.#nodes.clear();
  }
}

const isTensor = instance(Tensor);
const gradientCheck = kind(
  'a Tensor or a Float32Array',
  (value) => value instanceof Tensor || value instanceof Float32Array,
);
const isOutputs = list(tuple(isTensor, gradientCheck));

/** Turns the gradients of an entry's outputs into those of its inputs and frees what it saved. */
function consume(entry: Entry, gradients: Map<number, Tensor>): void {
  const incoming = entry.outputs.map((node) => take(gradients, node));
  let results: readonly (Tensor | undefined)[] = [];
  try {
    if (incoming.some((dy) => dy !== undefined)) {
      results = tidy(() => entry.backward(incoming, entry.saved, entry.needs));
    }
  } finally {
    for (const dy of incoming) if (dy !== undefined && !results.includes(dy)) dy.dispose();
    free(entry);
  }
  // Every use of a gradient gets a handle of its own before any of them is added up, which ends it.
  const used = new Set<Tensor>();
  const own = results.map((dx, i) => {
    if (dx === undefined || entry.inputs[i] === undefined) return undefined;
    if (used.has(dx)) return dx.retain();
    used.add(dx);
    return dx;
  });
  for (const dx of results) if (dx !== undefined && !used.has(dx)) dx.dispose();
  orDispose(own, () =>
    own.forEach((dx, i) => {
      const node = entry.inputs[i];
      if (dx !== undefined && node !== undefined) gradients.set(node, accumulate(gradients.get(node), dx));
    }),
  );
}

function take(gradients: Map<number, Tensor>, node: number): Tensor | undefined {
  const gradient = gradients.get(node);
  gradients.delete(node);
  return gradient;
}

function free(entry: Entry): void {
  for (const tensor of Object.values(entry.saved)) tensor?.dispose();
  entry.release?.();
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.shape.length === b.shape.length && a.shape.every((n, i) => n === b.shape[i]);
}
