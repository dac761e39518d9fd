// Python's values as templates meet them: None is null, int a bigint, float a number, str a string, list an array; the
// rest are the classes below.
import { TemplateError } from './errors.js';
import { WIDE } from './whitespace.js';
import { ITEMS_A_STEP, work } from './work.js';

export type Value = null | boolean | bigint | number | string | Value[] | PyObject;

/** A value that JavaScript has no own kind for. */
export abstract class PyObject {
  /** Python's name of the type, for messages. */
  abstract readonly typeName: string;
}

/** A variable or attribute that is absent: prints as nothing, is false and empty, and fails in everything else. */
export class Undefined extends PyObject {
  readonly typeName = 'Undefined';

  /** @param reason what its use in an expression says */
  constructor(readonly reason: string) {
    super();
  }

  fail(): never {
    throw new TemplateError(this.reason);
  }
}

export class Tuple extends PyObject {
  readonly typeName = 'tuple';

  constructor(
    readonly items: readonly Value[],
    /** Names of the items, as those of groupby have. */
    readonly names: readonly string[] = [],
  ) {
    super();
  }
}

type Key = null | bigint | number | string | symbol;
const UNDEFINED_KEY = Symbol('undefined');

/** What equal values have in common: 1, 1.0 and True are one key. */
export function keyOf(value: Value): Key {
  if (value === null || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string') return value.startsWith('\0') ? `\0s${value}` : value;
  if (value instanceof Undefined) return UNDEFINED_KEY;
  if (value instanceof Safe) return keyOf(value.text);
  if (value instanceof Tuple) {
    work(1);
    const parts = value.items.map((item) => {
      const key = keyOf(item);
      return [typeof key, String(key)];
    });
    return `\0t${JSON.stringify(parts)}`;
  }
  if (Array.isArray(value) || value instanceof Dict)
    throw new TemplateError(`unhashable type: '${typeName(value)}'`);
  throw new TemplateError(`a ${value.typeName} as a key is not supported`);
}

export class Dict extends PyObject {
  readonly typeName = 'dict';
  readonly #entries = new Map<Key, [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }

  /** As Python does, the first of equal keys is kept, with the last value. */
  set(key: Value, value: Value): void {
    const known = this.#entries.get(keyOf(key));
    if (known === undefined) this.#entries.set(keyOf(key), [key, value]);
    else known[1] = value;
  }

  entries(): [key: Value, value: Value][] {
    return [...this.#entries.values()];
  }

  keys(): Value[] {
    return this.entries().map(([key]) => key);
  }

  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }
}

/** What dict.keys(), values() and items() give. */
export class DictView extends PyObject {
  readonly typeName: string;

  constructor(
    readonly kind: 'keys' | 'values' | 'items',
    readonly of: Dict,
  ) {
    super();
    this.typeName = `dict_${kind}`;
  }

  list(): Value[] {
    if (this.kind === 'items') return this.of.entries().map((pair) => new Tuple(pair));
    return this.kind === 'keys' ? this.of.keys() : this.of.values();
  }
}

export class Range extends PyObject {
  readonly typeName = 'range';

  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {
    super();
  }

  list(): bigint[] {
    return Array.from({ length: this.length }, (_, i) => this.start + BigInt(i) * this.step);
  }

  get length(): number {
    const towards = this.step > 0n ? this.stop - this.start : this.start - this.stop;
    const size = this.step > 0n ? this.step : -this.step;
    return towards <= 0n ? 0 : Number((towards + size - 1n) / size);
  }
}

/** A generator or iterator: it can be gone through once, is always true, and has no length. */
export class Iter extends PyObject {
  readonly typeName = 'generator';

  constructor(readonly iterator: Iterator<Value, unknown>) {
    super();
  }

  /** Goes on where the last reader stopped; leaving the loop early does not end it. */
  [Symbol.iterator](): Iterator<Value, unknown> {
    return { next: () => this.iterator.next() };
  }
}

/** The positional and named arguments of a call. */
export interface Args {
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export class Callable extends PyObject {
  readonly typeName: string = 'function';

  constructor(
    readonly name: string,
    readonly call: (args: Args) => Value,
  ) {
    super();
  }
}

/** What `namespace()` makes; `{% set ns.x = 1 %}` changes it. */
export class Namespace extends PyObject {
  readonly typeName = 'Namespace';
  readonly attributes = new Map<string, Value>();

  /** @throws TemplateError for a name that transformers keeps for Python's own */
  set(name: string, value: Value): void {
    if (name.startsWith('_')) {
      throw new TemplateError(
        `chat templates cannot store underscore-prefixed attributes on a namespace: '${name}'`,
      );
    }
    this.attributes.set(name, value);
  }
}

/** Another object with attributes, such as `loop`. */
export abstract class Attributes extends PyObject {
  /** @returns undefined for what it does not have */
  abstract attribute(name: string): Value | undefined;
}

/** markupsafe's Markup: what `safe` and `escape` make. Text added to it is escaped. */
export class Safe extends PyObject {
  readonly typeName = 'Markup';

  constructor(readonly text: string) {
    super();
  }
}

/** `value`, or what `absent` gives where there is none: None is a value, and JavaScript's `??` would take it for none. */
export function present(value: Value | undefined, absent: () => Value): Value {
  return value === undefined ? absent() : value;
}

export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  const names = { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' } as const;
  const simple = names[typeof value as keyof typeof names];
  return simple ?? (value as PyObject).typeName;
}

export function isTrue(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return false;
  if (typeof value !== 'object') return true;
  const length = lengthOf(value);
  return !(value instanceof Undefined) && length !== 0;
}

/** @returns undefined for what has no length */
export function lengthOf(value: Value): number | undefined {
  if (typeof value === 'string') return WIDE.test(value) ? [...value].length : value.length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof DictView) return value.of.size;
  if (value instanceof Range) return value.length;
  if (value instanceof Undefined) return 0;
  if (value instanceof Safe) return lengthOf(value.text);
  if (value instanceof Attributes) {
    const length = value.attribute('__len__');
    return length === undefined ? undefined : Number(length);
  }
  return undefined;
}

/** What a `for` goes through. @throws TemplateError for what Python does not iterate over */
export function iterate(value: Value): Iterable<Value> {
  if (!(value instanceof Attributes)) work((lengthOf(value) ?? 0) / ITEMS_A_STEP);
  if (typeof value === 'string') return [...value];
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple) return value.items;
  if (value instanceof Dict) return value.keys();
  if (value instanceof DictView || value instanceof Range) return value.list();
  if (value instanceof Undefined) return [];
  if (value instanceof Iter) return value;
  if (value instanceof Safe) return [...value.text];
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}
