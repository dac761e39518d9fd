import { ArgumentError } from '@selfjudge/base';
import type { Tensor } from './tensor.js';

/** A parameter of an op: trained when it has a float32 gradient, which backward adds to. */
export interface Parameter {
  grad?: Tensor;
}

/**
 * How one call of an op is differentiated. `backward` receives the gradient of each output (undefined where nothing
 * used it), the saved tensors and which inputs need a gradient; it adds the gradients of parameters where they live
 * and returns those of the inputs, in order. It may return a gradient it was given, and the same one twice.
 */
export interface Recording<S extends Record<string, Tensor | undefined>> {
  op: string;
  inputs: readonly (Tensor | undefined)[];
  parameters?: readonly (Parameter | undefined)[];
  outputs: readonly Tensor[];
  /** Kept alive by the tape, whatever happens to the caller's handles. A function: called only when recorded. */
  save?: (needs: readonly boolean[]) => S;
  /** Called when the entry is consumed or dropped, for what is saved besides tensors. */
  release?: () => void;
  backward: (
    gradients: readonly (Tensor | undefined)[],
    saved: S,
    needs: readonly boolean[],
  ) => readonly (Tensor | undefined)[];
}

/** What ops see of the tape that runs. */
export interface Recorder {
  tracks(tensor: Tensor): boolean;
  record<S extends Record<string, Tensor | undefined>>(recording: Recording<S>): void;
  alias(other: Tensor, tensor: Tensor): void;
}

let current: Recorder | undefined;

export function currentRecorder(): Recorder | undefined {
  return current;
}

/** Makes `recorder` the current one while `fn` runs. */
export function withRecorder<T>(recorder: Recorder | undefined, fn: () => T): T {
  const outer = current;
  current = recorder;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

/** Whether a call with these inputs and parameters must be recorded: something upstream of it is trained. */
export function isTraced(
  inputs: readonly (Tensor | undefined)[],
  parameters: readonly (Parameter | undefined)[] = [],
): boolean {
  const recorder = current;
  if (recorder === undefined) return false;
  return (
    parameters.some((p) => p?.grad !== undefined) || inputs.some((x) => x !== undefined && recorder.tracks(x))
  );
}

/** Records a call on the current tape if something upstream of it is trained; else does nothing. */
export function record<S extends Record<string, Tensor | undefined>>(recording: Recording<S>): void {
  if (isTraced(recording.inputs, recording.parameters)) current?.record(recording);
}

/** `other` is a new handle on the value of `tensor`: the tape follows both. */
export function aliased(other: Tensor, tensor: Tensor): void {
  current?.alias(other, tensor);
}

/** Throws when the tape follows `tensor`: `op` has no gradient, and losing one silently would be worse. */
export function assertUntracked(tensor: Tensor | undefined, op: string): void {
  // What is no tensor is the op's to refuse.
  if (typeof tensor === 'object' && tensor !== null && current?.tracks(tensor)) {
    throw new ArgumentError('x', {
      where: op,
      expected: 'a tensor that needs no gradient',
      received: 'one that depends on a trained parameter of the running tape',
    });
  }
}
