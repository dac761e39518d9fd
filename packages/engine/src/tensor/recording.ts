import type { Tensor } from './tensor.js';
import { withTracker, type Tracker } from './tracker.js';

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
export interface Recorder extends Tracker {
  record<S extends Record<string, Tensor | undefined>>(recording: Recording<S>): void;
}

let current: Recorder | undefined;

export function currentRecorder(): Recorder | undefined {
  return current;
}

/** Makes `recorder` the current one while `fn` runs, and the one that tensors ask. */
export function withRecorder<T>(recorder: Recorder | undefined, fn: () => T): T {
  const outer = current;
  current = recorder;
  try {
    return withTracker(recorder, fn);
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
