import type { Runtime } from '../runtime.js';
import type { Args, Value } from '../values.js';

/** What a filter may ask of the template around it. */
export interface Context {
  readonly runtime: Runtime;
  filter(name: string, value: Value, args: Args): Value;
  test(name: string, value: Value, args: Args): boolean;
}

export type Filter = (value: Value, args: Args, context: Context) => Value;
