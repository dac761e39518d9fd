// ==, <, in.
import { TemplateError } from './errors.js';
import { ITEMS_A_STEP, work } from './work.js';
import {
  Dict,
  DictView,
  Range,
  Safe,
  Tuple,
  Undefined,
  isTrue,
  iterate,
  keyOf,
  typeName,
  type Value,
} from './values.js';

type Num = bigint | number;

/** A number as Python's arithmetic takes it: True is 1. @returns undefined for what is no number */
export function asNumber(value: Value): Num | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined;
}

/** A string's text, also of one that is marked safe. */
export function asText(value: Value): string | undefined {
  return typeof value === 'string' ? value : value instanceof Safe ? value.text : undefined;
}

export function equal(a: Value, b: Value): boolean {
  const x = asNumber(a);
  const y = asNumber(b);
  // oxlint-disable-next-line eqeqeq -- 1n == 1 is true, as 1 == 1.0 in Python
  if (x !== undefined && y !== undefined) return x == y;
  const text = asText(a);
  if (text !== undefined) return text === asText(b);
  if (Array.isArray(a)) return Array.isArray(b) && equalItems(a, b);
  if (a instanceof Tuple) return b instanceof Tuple && equalItems(a.items, b.items);
  if (a instanceof Range) return b instanceof Range && equalItems(a.list(), b.list());
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof DictView) {
    if (!(b instanceof DictView) || a.kind !== b.kind) return false;
    if (a.kind === 'values') return a === b;
    return a.of.size === b.of.size && a.list().every((item) => contains(b, item));
  }
  if (a instanceof Dict) {
    if (!(b instanceof Dict) || a.size !== b.size) return false;
    work(a.size / ITEMS_A_STEP);
    return a.entries().every(([key, value]) => {
      const other = b.get(key);
      return other !== undefined && equal(value, other);
    });
  }
  return a === b;
}

function equalItems(a: readonly Value[], b: readonly Value[]): boolean {
  work(a.length / ITEMS_A_STEP);
  return a.length === b.length && a.every((item, i) => item === b[i] || equal(item, b[i]));
}

/** a < b. @throws TemplateError for what Python does not order */
export function less(a: Value, b: Value, operator = '<'): boolean {
  const x = asNumber(a);
  const y = asNumber(b);
  if (x !== undefined && y !== undefined) return x < y;
  const [s, t] = [asText(a), asText(b)];
  if (s !== undefined && t !== undefined) return lessText(s, t);
  if (Array.isArray(a) && Array.isArray(b)) return lessItems(a, b, operator);
  if (a instanceof Tuple && b instanceof Tuple) return lessItems(a.items, b.items, operator);
  for (const value of [a, b]) if (value instanceof Undefined) value.fail();
  throw new TemplateError(
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

function lessItems(a: readonly Value[], b: readonly Value[], operator: string): boolean {
  work(a.length / ITEMS_A_STEP);
  const at = a.findIndex((item, i) => i >= b.length || !(item === b[i] || equal(item, b[i])));
  if (at < 0) return a.length < b.length;
  return at < b.length && less(a[at], b[at], operator);
}

/** By code points: UTF-16's order has emoji before U+E000. */
function lessText(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  if (at === a.length || at === b.length) return at === a.length && at < b.length;
  const isSurrogate = (c: string): boolean => c >= '\ud800' && c <= '\udfff';
  if (isSurrogate(a[at]) !== isSurrogate(b[at])) {
    // A pair stands for a character beyond every single unit; a half without its other is one.
    const [x, y] = [a, b].map((text) => text.codePointAt(at)!);
    return x < y;
  }
  return a[at] < b[at];
}

/** `item in container`. */
export function contains(container: Value, item: Value): boolean {
  const text = asText(container);
  if (text !== undefined) {
    const part = asText(item);
    if (part !== undefined) return text.includes(part);
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.get(item) !== undefined;
  if (container instanceof DictView && container.kind === 'keys') return container.of.get(item) !== undefined;
  if (container === null || typeof container !== 'object') {
    throw new TemplateError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const other of iterate(container)) if (other === item || equal(other, item)) return true;
  return false;
}

/** Numbers, texts and lists in Python's order, equal ones as they stood. */
export function sorted(values: readonly Value[], key: (value: Value) => Value, reverse: boolean): Value[] {
  const keyed = values.map((value) => ({ value, key: key(value) }));
  const sign = reverse ? -1 : 1;
  keyed.sort((a, b) => (less(a.key, b.key) ? -sign : less(b.key, a.key) ? sign : 0));
  return keyed.map(({ value }) => value);
}

/** @throws TemplateError for a value that cannot be a key */
export function isSame(a: Value, b: Value): boolean {
  const plain = (value: Value): boolean => value !== null && /^(bigint|number|string)$/.test(typeof value);
  if (plain(a) && plain(b) && typeName(a) === typeName(b)) {
    throw new TemplateError(`sameas of two values of type '${typeName(a)}' depends on Python's memory`);
  }
  return a === b;
}

export { isTrue, keyOf };
