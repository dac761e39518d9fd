import { callback, check, instance } from '@selfjudge/base/checks';
import { ArgumentError, DisposedError } from '@selfjudge/base';
import { Device } from './device.js';
import { guarded } from './nativeErrors.js';
import type { WindowReads } from './ops/treeAttentionPool.js';
import { currentRecorder } from './recording.js';
import { owned, rejectPromise, tidy } from './scope.js';
import { Tensor } from './tensor.js';

/**
 * Ops recorded once and run again as one command, on the same tensors: on a GPU one launch of a CUDA graph. To give it
 * other values, copy them into its inputs (`copyTo`) before `run`; results appear in `outputs`, the same tensors each
 * time. Programs are for inference: recording under a tape throws. A Program equals the same ops eager, to the bit.
 */
export class Program<T> {
  readonly device: Device;
  /** What the recorded function returned; its tensors live and die with the Program. */
  readonly outputs: T;
  readonly #handle: number;
  #disposed = false;

  private constructor(device: Device, handle: number, outputs: T) {
    this.device = device;
    this.#handle = handle;
    this.outputs = outputs;
  }

  /**
   * Runs `fn` and keeps its ops. `fn` is synchronous, enqueues ops only (no uploads, no reads), and returns tensors in
   * an array or object.
   */
  static record<T extends readonly Tensor[] | Record<string, Tensor>>(
    device: Device,
    fn: () => T,
  ): Program<T> {
    check('Program.record', { device, fn }, { device: instance(Device), fn: callback });
    if (currentRecorder() !== undefined) {
      throw new ArgumentError('tape', {
        where: 'Program.record',
        expected: 'no tape running: Programs are for inference',
        received: 'a tape that runs',
      });
    }
    guarded(() => device.native.beginProgram());
    let outputs: T | undefined;
    try {
      outputs = owned(() => tidy(() => tensorsOf(fn())));
      const handle = guarded(() => device.native.endProgram());
      return new Program(device, handle, outputs);
    } catch (error) {
      device.native.cancelProgram();
      if (outputs !== undefined) for (const tensor of Object.values(outputs) as Tensor[]) tensor.dispose();
      throw error;
    }
  }

  /** Enqueues the recorded ops. @param reads what its calls of treeAttentionPool read this time, for the counters */
  run(reads: readonly WindowReads[] = []): void {
    if (this.#disposed) {
      throw new DisposedError('program', {
        where: 'Program.run',
        expected: 'a live program',
        received: 'a disposed one',
      });
    }
    const numbers = reads.flatMap(({ window, pairs, keys }) => [window, pairs, keys]);
    guarded(() => this.device.native.runProgram(this.#handle, numbers));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.device.closed) return;
    for (const tensor of Object.values(this.outputs as Record<string, Tensor>)) tensor.dispose();
    guarded(() => this.device.native.disposeProgram(this.#handle));
  }
}

/** What a recorded function returned, if it is tensors in an array or object. */
function tensorsOf<T>(outputs: T): T {
  rejectPromise(outputs, 'Program.record');
  const isBag = typeof outputs === 'object' && outputs !== null && !(outputs instanceof Tensor);
  if (isBag && Object.values(outputs).every((x) => x instanceof Tensor)) return outputs;
  throw new ArgumentError('fn', {
    where: 'Program.record',
    expected: 'a function that returns tensors in an array or object',
    received: outputs,
  });
}
