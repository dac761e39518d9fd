import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeError } from '@selfjudge/native';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isError, type SelfjudgeError } from '@selfjudge/base';

export * from './wrongValues.js';

/** One argument, or one field of an argument: a right value and wrong ones. */
export interface Parameter {
  /** Makes the right value; called for every call. */
  right: () => unknown;
  /** Values that must be refused. Absent where only the fields can be wrong. */
  wrong?: fc.Arbitrary<unknown>;
  /** What errors call it, where that is not its name. */
  as?: string;
  fields?: Readonly<Record<string, Parameter>>;
}

/** A public function or method: how it is called, and what it is called with. */
export interface Entry {
  call: (...values: never[]) => unknown;
  parameters: Readonly<Record<string, Parameter>>;
}

/** @param right a value, or a function that makes a fresh one (for a function as value use `right: () => f`) */
export function arg(right: unknown, wrong: fc.Arbitrary<unknown>, as?: string): Parameter {
  return { right: typeof right === 'function' ? (right as () => unknown) : () => right, wrong, as };
}

/** An argument that is an object, with each of its fields. */
export function fields(
  of: Readonly<Record<string, Parameter>>,
  wrong?: fc.Arbitrary<unknown>,
  as?: string,
): Parameter {
  const right = () => Object.fromEntries(Object.entries(of).map(([key, field]) => [key, field.right()]));
  return { right, wrong, as, fields: of };
}

export function entry(
  call: (...values: never[]) => unknown,
  parameters: Readonly<Record<string, Parameter>>,
): Entry {
  return { call, parameters };
}

export interface WrongCalls {
  /** The package's exports. */
  exports: object;
  /** By name: `f`, `new Class`, `Class.static`, `Class#method`. */
  table: Readonly<Record<string, Entry>>;
  /** The file or folder of the table's rows, where that is not the test's own file. */
  rows?: URL;
  /** Names without an entry, by the reason. */
  without: Readonly<Record<string, readonly string[]>>;
  /** Wrong values tried of each argument. */
  runs?: number;
  /** Looks, after every wrong call, whether it did any harm. */
  unharmed?: () => Promise<void>;
  /** Wrong calls that must have been made in all. */
  atLeast: number;
}

const SEED = 20240211;

/** Registers tests: every exported function is in the table, accepts the right call, and refuses every wrong one. */
export function describeWrongCalls({
  exports,
  table,
  rows,
  without,
  runs = 10,
  unharmed,
  atLeast,
}: WrongCalls): void {
  let made = 0;
  it('covers every exported function and public method, or says why not', () => {
    const named = [...Object.keys(table), ...Object.values(without).flat()];
    const file = relative('.', rows === undefined ? expect.getState().testPath! : fileURLToPath(rows));
    expect(tableProblems(exports, named, file)).toEqual([]);
  });
  describe.each(Object.entries(table))('%s', (name, { call, parameters }) => {
    const invoke = (values: unknown[]): unknown => call(...(values as never[]));
    const rights = () => Object.values(parameters).map(({ right }) => right());
    it('accepts a right call', async () => {
      await invoke(rights());
    });
    const places = placesOf(parameters);
    it.each(places.map((place) => [place.path.join('.'), place] as const))('%s', async (_, place) => {
      const property = fc.asyncProperty(place.wrong, async (value) => {
        const values = rights();
        assign(values, place, value);
        const error = await thrown(() => invoke(values));
        assertTold(error, `${name}, ${place.path.join('.')} = ${describeValue(value)}`, place.name);
        await unharmed?.();
        made++;
      });
      await fc.assert(property, { seed: SEED, numRuns: runs });
    });
  });
  it('makes many wrong calls', () => {
    expect(made).toBeGreaterThanOrEqual(atLeast);
  });
}

/** What is wrong with the names that a table has, or has a reason to leave out. `file`: where its rows are. */
export function tableProblems(exports: object, named: readonly string[], file: string): string[] {
  const callables = callablesOf(exports);
  const missing = callables.filter((name) => !named.includes(name));
  const idle = named.filter((name) => !callables.includes(name));
  const twice = named.filter((name, i) => named.indexOf(name) < i);
  return [
    ...missing.map(
      (name) => `${name}: expected a row of right and wrong arguments in ${file}, received none`,
    ),
    ...idle.map((name) => `${name}: expected an export, received a name in ${file} alone`),
    ...twice.map((name) => `${name}: expected one row in ${file}, received two`),
  ];
}

/** Where a value can be wrong: the argument's number, then the fields that lead to it. */
interface Place {
  index: number;
  path: string[];
  /** What errors call it. */
  name: string;
  wrong: fc.Arbitrary<unknown>;
}

function placesOf(parameters: Readonly<Record<string, Parameter>>): Place[] {
  const inside = (index: number, path: string[], { wrong, as, fields: of = {} }: Parameter): Place[] => [
    ...(wrong === undefined ? [] : [{ index, path, name: as ?? path[path.length - 1], wrong }]),
    ...Object.entries(of).flatMap(([key, field]) => inside(index, [...path, key], field)),
  ];
  return Object.entries(parameters).flatMap(([name, parameter], index) => inside(index, [name], parameter));
}

function assign(values: unknown[], { index, path }: Place, value: unknown): void {
  if (path.length === 1) {
    values[index] = value;
    return;
  }
  let at = values[index] as Record<string, unknown>;
  for (const key of path.slice(1, -1)) at = at[key] as Record<string, unknown>;
  at[path[path.length - 1]] = value;
}

async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The error is one of ours, of a code that says whose fault it is, and names place, expectation and value. */
function assertTold(error: unknown, about: string, name: string): void {
  if (!isError(error))
    throw new Error(`${about}: expected an error of ours, received ${describeError(error)}`);
  const { code, message } = error;
  const details = factsOf(error);
  const { what, where, key, path, expected, reason } = details;
  expect(['SJ_INTERNAL', 'SJ_FAULT', 'SJ_OUT_OF_MEMORY'], `${about}: ${message}`).not.toContain(code);
  const place = String(what ?? key);
  // An error of a file names the file.
  if (path !== undefined) expect(path, `${about}: ${message}`).toMatch(/\S/);
  else expect(wordsOf(place), `${about}: ${message}`).toEqual(expect.arrayContaining(wordsOf(name)));
  if (what !== undefined) expect(where, `${about}: ${message}`).toMatch(/\S/);
  expect(expected ?? reason, `${about}: ${message}`).toMatch(/\S/);
  if (reason === undefined) expect(details, `${about}: ${message}`).toHaveProperty('received');
}

/** The facts of an error of ours, or of the addon's, which has them as properties of its own. */
function factsOf(error: SelfjudgeError | NativeError): Readonly<Record<string, unknown>> {
  if ('details' in error) return error.details;
  const { op, argument, expected, received } = error;
  return { where: op, what: argument, expected, received };
}

/** `topP`, `top_p` and `sampling.topP` all say top p, `adapters[0]` adapter. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/s$/, ''))
    .filter(Boolean);

function describeError(error: unknown): string {
  return error === undefined ? 'none' : error instanceof Error ? String(error.stack) : describeValue(error);
}

function describeValue(value: unknown): string {
  return fc.stringify(value);
}

/** Functions, constructors, static methods and methods of a package's exports, without those TypeScript marks private. */
function callablesOf(exports: object): string[] {
  return Object.entries(exports).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function')
      return isBag(value) ? methodsOf(value).map((key) => `${name}.${key}`) : [];
    if (!isClass(value)) return [name];
    const statics = methodsOf(value).map((method) => `${name}.${method}`);
    const methods = methodsOf(value.prototype as object).map((method) => `${name}#${method}`);
    return [`new ${name}`, ...statics, ...methods];
  });
}

const isBag = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isClass = (value: object): boolean => Function.prototype.toString.call(value).startsWith('class');

function methodsOf(owner: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(owner))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name]) => name);
}
