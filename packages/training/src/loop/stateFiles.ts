import { FileFormatError } from '@selfjudge/base';
import { Safetensors } from '@selfjudge/engine';
import type { NamedValues } from '../optimizer/parameterSets.js';

/**
 * What trainer_state.json and training_state.safetensors hold and mean. Another one needs a decision in docs/decisions. A
 * trainer_state.json without one is of format 1.
 */
export const FORMAT = 1;
export const STATE = 'trainer_state.json';
export const TENSORS = 'training_state.safetensors';

/** What a file calls the tensors of a set: of `policy` by their kind alone, as before there were others. */
export const nameIn = (set: string, kind: 'value' | 'm' | 'v' | 'best'): string =>
  set === 'policy' ? kind : `${set}.${kind}`;
/** What a file calls the tensors of the task's own state. */
export const TASK = 'task.';

/** training_state.safetensors, whose every tensor has somebody who asks for it. */
export class StateFile {
  readonly #file: Safetensors;
  readonly #rest: Set<string>;

  constructor(path: string) {
    this.#file = Safetensors.open(path);
    this.#rest = new Set(this.#file.tensors.keys());
  }

  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  /** @throws FileFormatError unless it is there, with as many float32 values (undefined: any number) */
  take(name: string, size?: number): Float32Array {
    const { path } = this.#file;
    if (!this.has(name))
      throw new FileFormatError({ path, expected: `a tensor '${name}'`, received: 'none' });
    this.#rest.delete(name);
    const { data } = this.#file.read(name);
    if (data instanceof Float32Array && data.length === (size ?? data.length)) return data;
    throw new FileFormatError({
      path,
      expected: `'${name}' of ${size === undefined ? '' : `${size} `}float32 values, as many as are trained`,
      received: `${data.length} values`,
    });
  }

  /** All tensors of this prefix, by the rest of their names. */
  takeAll(prefix: string): NamedValues {
    const own = [...this.#rest].filter((name) => name.startsWith(prefix));
    return Object.fromEntries(own.map((name) => [name.slice(prefix.length), this.take(name)]));
  }

  /** @throws FileFormatError for a tensor that nobody asked for: another set was trained */
  assertNoMore(): void {
    if (this.#rest.size === 0) return;
    throw new FileFormatError({
      path: this.#file.path,
      expected: 'tensors of what this run trains only',
      received: [...this.#rest].join(', '),
    });
  }
}
