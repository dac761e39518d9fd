// What stands behind `is`.
import { bind } from './args.js';
import { binary } from './arithmetic.js';
import { isLower, isUpper } from './characters.js';
import { asNumber, asText, contains, equal, isSame, less } from './compare.js';
import { FILTER_NAMES, TEST_NAMES } from './names.js';
import { str } from './printing.js';
import type { Runtime } from './runtime.js';
import {
  Attributes,
  Callable,
  Dict,
  Iter,
  Range,
  Safe,
  Tuple,
  Undefined,
  lengthOf,
  type Args,
  type Value,
} from './values.js';

export type Test = (value: Value, args: Args, runtime: Runtime) => boolean;

const one =
  (name: string, test: (value: Value, runtime: Runtime) => boolean): Test =>
  (value, args, runtime) => {
    bind(name, args, []);
    return test(value, runtime);
  };

const two =
  (name: string, test: (value: Value, other: Value, runtime: Runtime) => boolean): Test =>
  (value, args, runtime) =>
    test(value, bind(name, args, ['other'], 1)[0]!, runtime);

const rest = (value: Value, by: Value, runtime: Runtime): Value => binary('%', value, by, runtime);
const isSequence = (value: Value): boolean =>
  asText(value) !== undefined ||
  Array.isArray(value) ||
  value instanceof Tuple ||
  value instanceof Dict ||
  value instanceof Range ||
  value instanceof Undefined;
const isIterable = (value: Value): boolean => value instanceof Iter || lengthOf(value) !== undefined;
const isLoop = (value: Value): boolean => value instanceof Attributes && lengthOf(value) !== undefined;

const eq = two('eq', equal);
const ne = two('ne', (a, b) => !equal(a, b));
const lt = two('lt', (a, b) => less(a, b));
const gt = two('gt', (a, b) => less(b, a, '>'));
const le = two('le', (a, b) => atMost(a, b, '<='));
const ge = two('ge', (a, b) => atMost(b, a, '>='));

/** a <= b. */
export function atMost(a: Value, b: Value, operator: string): boolean {
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== undefined && y !== undefined) return x <= y;
  if (a instanceof Undefined) return a.fail();
  return less(a, b, operator) || equal(a, b);
}

const TESTS: Record<string, Test> = {
  boolean: one('boolean', (value) => typeof value === 'boolean'),
  callable: one(
    'callable',
    (value) => value instanceof Callable || value instanceof Undefined || isLoop(value),
  ),
  defined: one('defined', (value) => !(value instanceof Undefined)),
  divisibleby: two('divisibleby', (value, by, runtime) => equal(rest(value, by, runtime), 0n)),
  '==': eq,
  eq,
  equalto: eq,
  escaped: one('escaped', (value) => value instanceof Safe),
  even: one('even', (value, runtime) => equal(rest(value, 2n, runtime), 0n)),
  false: one('false', (value) => value === false),
  filter: one('filter', (value) => typeof value === 'string' && FILTER_NAMES.has(value)),
  float: one('float', (value) => typeof value === 'number'),
  '>=': ge,
  ge,
  '>': gt,
  greaterthan: gt,
  gt,
  in: two('in', (value, list) => contains(list, value)),
  integer: one('integer', (value) => typeof value === 'bigint'),
  iterable: one('iterable', isIterable),
  '<=': le,
  le,
  lessthan: lt,
  lower: one('lower', (value, { standIns }) => isLower(str(value, standIns))),
  '<': lt,
  lt,
  mapping: one('mapping', (value) => value instanceof Dict),
  '!=': ne,
  ne,
  none: one('none', (value) => value === null),
  number: one('number', (value) => asNumber(value) !== undefined),
  odd: one('odd', (value, runtime) => equal(rest(value, 2n, runtime), 1n)),
  sameas: two('sameas', isSame),
  sequence: one('sequence', isSequence),
  string: one('string', (value) => asText(value) !== undefined),
  test: one('test', (value) => typeof value === 'string' && TEST_NAMES.has(value)),
  true: one('true', (value) => value === true),
  undefined: one('undefined', (value) => value instanceof Undefined),
  upper: one('upper', (value, { standIns }) => isUpper(str(value, standIns))),
};

/** @returns undefined for a name that Jinja2 has no test of */
export const testNamed = (name: string): Test | undefined =>
  Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
