import type { Value } from './values.js';

/** Names and their values in one body; those around it are seen where it has none of its own. */
export class Scope {
  readonly #values = new Map<string, Value>();

  constructor(readonly parent?: Scope) {}

  get(name: string): Value | undefined {
    const value = this.#values.get(name);
    return value === undefined ? this.parent?.get(name) : value;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}
