import { currentRecorder, withRecorder, type Recorder, type Recording } from './recording.js';
import { owned, tidy, type Disposable } from './scope.js';
import { Tape } from './tape.js';
import type { Tensor } from './tensor.js';
import type { Traced } from './tracker.js';

/**
 * `fn(inputs)`, of which the tape that runs keeps the inputs alone: backward computes `fn` again and goes back through that
 * (activation checkpointing: Chen et al., arXiv 1604.06174). The same bits as without, for one more forward pass.
 *
 * @param fn synchronous; gives the same values for the same inputs. What else it reads has to live until backward: see `untilBackward`.
 */
export function recomputed(
  inputs: readonly (Tensor | undefined)[],
  fn: (...inputs: (Tensor | undefined)[]) => Tensor[],
): Tensor[] {
  const recorder = currentRecorder();
  if (recorder === undefined) return fn(...inputs);
  const probe = new Probe(recorder);
  const outputs = withRecorder(probe, () => tidy(() => fn(...inputs)));
  const isTraced = outputs.map((y) => probe.tracks(y));
  if (!isTraced.includes(true)) return outputs;
  const traced = <T>(all: readonly T[]) => all.filter((_, i) => isTraced[i]);
  recorder.record<Record<string, Tensor | undefined>>({
    op: 'recomputed',
    inputs,
    outputs: traced(outputs),
    save: () => Object.fromEntries(inputs.entries()),
    backward: (gradients, saved, needs) => {
      const again = inputs.map((_, i) => saved[i]);
      const tape = new Tape();
      try {
        again.forEach((x, i) => x !== undefined && needs[i] && tape.watch(x));
        const made = tape.run(() => tidy(() => fn(...again)));
        tape.backward(
          traced(made).flatMap((y, i) => {
            const dy = gradients[i];
            return dy === undefined ? [] : [[y, dy] as const];
          }),
        );
        for (const y of made) y.dispose();
        return again.map((x, i) => (x !== undefined && needs[i] ? tape.gradient(x) : undefined));
      } finally {
        tape.dispose();
      }
    },
  });
  return outputs;
}

/** What `make` makes lives until the tape that runs has gone back past this call, or is dropped. */
export function untilBackward<T extends Disposable>(make: () => T): T {
  const recorder = currentRecorder();
  if (recorder === undefined) return make();
  const made = owned(make);
  recorder.record({
    op: 'untilBackward',
    inputs: [],
    outputs: [],
    release: () => made.dispose(),
    backward: () => [],
  });
  return made;
}

/** Sees what a tape would record, and keeps nothing of it. */
class Probe implements Recorder {
  readonly #outer: Recorder;
  readonly #made = new Set<number>();

  constructor(outer: Recorder) {
    this.#outer = outer;
  }

  tracks(tensor: Traced): boolean {
    return this.#made.has(tensor.id) || this.#outer.tracks(tensor);
  }

  alias(other: Traced, tensor: Traced): void {
    if (this.tracks(tensor)) this.#made.add(other.id);
  }

  record<S extends Record<string, Tensor | undefined>>({ outputs, release }: Recording<S>): void {
    for (const { id } of outputs) this.#made.add(id);
    release?.();
  }
}
