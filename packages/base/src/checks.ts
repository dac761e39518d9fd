/**
 * What the arguments of public functions must be. TypeScript says it to its own users; these say it to callers from
 * plain JavaScript, with an ArgumentError where a TypeError from inside would follow, or a wrong result. Not for the
 * arguments of ops: their contracts are checked natively.
 */
import type { Check } from './check.js';
import { ArgumentError } from './errors.js';

export { check, checked, checkedAsync, type Check } from './check.js';

/** A check by a predicate; `expected` completes "expected ...". */
export function kind(expected: string, accepts: (value: unknown) => boolean): Check {
  const isOne: Check = (value, what, where) => {
    if (!accepts(value)) throw new ArgumentError(what, { where, expected, received: value });
  };
  isOne.accepts = accepts;
  return isOne;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** For what is checked elsewhere, or may be anything. */
export const anything: Check = () => {};

export const text = kind('a string', (value) => typeof value === 'string');
export const flag = kind('true or false', (value) => typeof value === 'boolean');
export const callback = kind('a function', (value) => typeof value === 'function');
export const abortSignal = kind('an AbortSignal', (value) => value instanceof AbortSignal);
export const bytes = kind('a Uint8Array', (value) => value instanceof Uint8Array);
export const float32s = kind('a Float32Array', (value) => value instanceof Float32Array);

/** A path, which the system takes up to the first NUL. */
export const path = kind(
  'a path',
  (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
);

export interface Range {
  min?: number;
  max?: number;
  /** An exclusive lower bound. */
  above?: number;
  /** An exclusive upper bound. */
  below?: number;
}

/** A finite number in a range. */
export function number({
  min = -Infinity,
  max = Infinity,
  above = -Infinity,
  below = Infinity,
}: Range = {}): Check {
  const bounds = [
    min > -Infinity && `at least ${min}`,
    above > -Infinity && `above ${above}`,
    max < Infinity && `at most ${max}`,
    below < Infinity && `below ${below}`,
  ].filter((bound) => bound !== false);
  const expected = bounds.length === 0 ? 'a finite number' : `a number ${bounds.join(' and ')}`;
  return kind(
    expected,
    (value) =>
      Number.isFinite(value) &&
      inside(value as number, min, max) &&
      (value as number) > above &&
      (value as number) < below,
  );
}

/** A whole number that a number holds exactly. */
export function whole(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Check {
  const from = min === Number.MIN_SAFE_INTEGER ? '' : ` of at least ${min}`;
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number${from}` : `a whole number from ${min} to ${max}`;
  return kind(expected, (value) => Number.isSafeInteger(value) && inside(value as number, min, max));
}

/** The most of something; Infinity for any. */
export const limit = kind('a number of at least 1', (value) => typeof value === 'number' && value >= 1);

/** A number, NaN and the infinities among them: a measurement that may have failed. */
export const measured = kind('a number', (value) => typeof value === 'number');

export function oneOf(...choices: readonly (string | number | null)[]): Check {
  const names = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)));
  return kind(`one of ${names.join(', ')}`, (value) => choices.includes(value as string));
}

/** One of some words, or a list of several of them, each once. */
export function oneOrSome(...choices: readonly string[]): Check {
  const names = choices.map((choice) => `'${choice}'`);
  return kind(`one of ${names.join(', ')}, or a list of them, each once`, (value) => {
    const all: unknown[] = Array.isArray(value) ? value : [value];
    const isEach = all.every((one) => typeof one === 'string' && choices.includes(one));
    return all.length > 0 && isEach && new Set(all).size === all.length;
  });
}

/** A class, whatever its constructor takes and whoever may call it. */
interface ClassOf {
  readonly name: string;
  readonly prototype: object;
}

/** A value of a class of ours. */
export function instance(type: ClassOf): Check {
  return kind(
    `a value of the class ${type.name}`,
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.prototype.isPrototypeOf.call(type.prototype, value),
  );
}

/** An object with these members, as an interface that others may implement. */
export function having(expected: string, members: Readonly<Record<string, Check>>): Check {
  const isOne = kind(expected, (value) => isObject(value));
  return (value, what, where) => {
    isOne(value, what, where);
    fieldsOf(value as Record<string, unknown>, members, `${what}.`, where);
  };
}

/** A plain object; its fields are named after it: `lora.r`. */
export const object = (fields: Readonly<Record<string, Check>>): Check => having('an object', fields);

/** The object of a function's options; each is named as it is. */
export function options(fields: Readonly<Record<string, Check>>): Check {
  const isOne = kind('an object of options', (value) => isObject(value));
  return (value, what, where) => {
    isOne(value, what, where);
    fieldsOf(value as Record<string, unknown>, fields, '', where);
  };
}

/** A list, and what each of its elements is. */
export function list(of: Check, min = 0): Check {
  const isOne = kind(
    min === 0 ? 'a list' : `a list of at least ${min}`,
    (value) => Array.isArray(value) && value.length >= min,
  );
  if (of === anything) return isOne;
  return (value, what, where) => {
    isOne(value, what, where);
    elementsOf(value as unknown[], of, what, where);
  };
}

/** A list or typed array of numbers. */
export function numbers(of: Check = measured): Check {
  const isOne = kind(
    'a list of numbers',
    (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
  );
  if (of === anything) return isOne;
  return (value, what, where) => {
    isOne(value, what, where);
    elementsOf(value as number[], of, what, where);
  };
}

/** A list with a check for each place. */
export function tuple(...of: readonly Check[]): Check {
  const isOne = kind(`a list of ${of.length}`, (value) => Array.isArray(value) && value.length === of.length);
  return (value, what, where) => {
    isOne(value, what, where);
    of.forEach((one, i) => one((value as unknown[])[i], `${what}[${i}]`, where));
  };
}

/** Anything that `for of` takes, strings left out. */
export const iterable = kind(
  'a list or another iterable',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value),
);

export function optional(of: Check): Check {
  return (value, what, where) => {
    if (value !== undefined) of(value, what, where);
  };
}

function inside(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function fieldsOf(
  value: Record<string, unknown>,
  fields: Readonly<Record<string, Check>>,
  prefix: string,
  where: string,
): void {
  for (const key in fields) {
    const field = fields[key];
    if (field.accepts?.(value[key]) !== true) field(value[key], `${prefix}${key}`, where);
  }
}

function elementsOf(value: ArrayLike<unknown>, of: Check, what: string, where: string): void {
  // By index, which does not pass over holes.
  for (let i = 0; i < value.length; i++) {
    if (of.accepts?.(value[i]) !== true) of(value[i], `${what}[${i}]`, where);
  }
}
