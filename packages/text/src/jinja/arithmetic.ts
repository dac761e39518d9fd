// + - * / // % ** and the signs.
import { asNumber, asText } from './compare.js';
import { TemplateError } from './errors.js';
import type { BinaryOperator } from './nodes.js';
import { percent } from './percent.js';
import type { Runtime } from './runtime.js';
import { escapeHtml } from './html.js';
import { Safe, Tuple, Undefined, typeName, type Value } from './values.js';

/** Bits of a whole number at most: nothing that a prompt says has more. */
const MOST_BITS = 4096;
const LIMIT = 1n << BigInt(MOST_BITS);

export function binary(operator: BinaryOperator, a: Value, b: Value, runtime: Runtime): Value {
  // str's own % comes first, and prints an undefined value as nothing.
  if (operator === '%' && typeof a === 'string') return percent(a, b, runtime);
  for (const value of [a, b]) if (value instanceof Undefined) value.fail();
  const x = asNumber(a);
  const y = asNumber(b);
  if (x !== undefined && y !== undefined) return arithmetic(operator, x, y);
  if (operator === '+') {
    if (a instanceof Safe || b instanceof Safe) return addSafe(a, b);
    if (typeof a === 'string' && typeof b === 'string') return a + b;
    if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
    if (a instanceof Tuple && b instanceof Tuple) return new Tuple([...a.items, ...b.items]);
  }
  if (operator === '*') {
    const repeated =
      typeof y === 'bigint'
        ? repeat(a, y, runtime)
        : typeof x === 'bigint'
          ? repeat(b, x, runtime)
          : undefined;
    if (repeated !== undefined) return repeated;
  }
  if (operator === '+' && typeof a === 'string') {
    throw new TemplateError(`can only concatenate str (not "${typeName(b)}") to str`);
  }
  const sign = operator === '**' ? '** or pow()' : operator;
  throw new TemplateError(`unsupported operand type(s) for ${sign}: '${typeName(a)}' and '${typeName(b)}'`);
}

export function signed(sign: '-' | '+', value: Value): Value {
  if (value instanceof Undefined) value.fail();
  const number = asNumber(value);
  if (number === undefined)
    throw new TemplateError(`bad operand type for unary ${sign}: '${typeName(value)}'`);
  return sign === '-' ? -number : number;
}

function addSafe(a: Value, b: Value): Safe {
  const texts = [a, b].map((value) => {
    const text = asText(value);
    if (text === undefined)
      throw new TemplateError(`can only concatenate str (not "${typeName(value)}") to str`);
    return value instanceof Safe ? text : escapeHtml(text);
  });
  return new Safe(texts.join(''));
}

function repeat(value: Value, times: bigint, runtime: Runtime): Value | undefined {
  const length = typeof value === 'string' ? value.length : Array.isArray(value) ? value.length * 8 : 0;
  const count = times < 0n ? 0 : Number(times);
  if (typeof value === 'string') {
    runtime.reserve(length * count);
    return value.repeat(count);
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items === undefined) return undefined;
  runtime.reserve(items.length * 8 * count);
  const copies = Array.from({ length: count }, () => items).flat();
  return Array.isArray(value) ? copies : new Tuple(copies);
}

function arithmetic(operator: BinaryOperator, x: bigint | number, y: bigint | number): Value {
  if (operator === '/') return divide(Number(x), Number(y));
  if (typeof x === 'bigint' && typeof y === 'bigint') {
    if (operator === '**') return y < 0n ? power(Number(x), Number(y)) : wholePower(x, y);
    const result = whole(operator, x, y);
    if (result >= LIMIT || result <= -LIMIT) throw tooLong();
    return result;
  }
  const [a, b] = [Number(x), Number(y)];
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '//':
      if (b === 0) throw new TemplateError('float floor division by zero');
      return floorDivide(a, b);
    case '%':
      if (b === 0) throw new TemplateError('float modulo');
      return modulo(a, b);
    default:
      return power(a, b);
  }
}

function whole(operator: BinaryOperator, x: bigint, y: bigint): bigint {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    default: {
      if (y === 0n) throw new TemplateError('integer division or modulo by zero');
      const rest = ((x % y) + y) % y;
      return operator === '%' ? rest : (x - rest) / y;
    }
  }
}

function divide(a: number, b: number): number {
  if (b === 0) throw new TemplateError('division by zero');
  return a / b;
}

/** As CPython computes it, to the sign of zero. */
function floorDivide(a: number, b: number): number {
  const rest = a % b;
  const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
  if (quotient === 0) return a < 0 !== b < 0 ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** Of the sign of `b`. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function wholePower(x: bigint, y: bigint): bigint {
  const bits = (x < 0n ? -x : x).toString(2).length;
  if (x !== 0n && x !== 1n && x !== -1n && BigInt(bits) * y > MOST_BITS) throw tooLong();
  return x ** y;
}

function power(a: number, b: number): number {
  if (a === 0 && b < 0) throw new TemplateError('0.0 cannot be raised to a negative power');
  const result = a ** b;
  if (a < 0 && Number.isNaN(result) && !Number.isNaN(b))
    throw new TemplateError('complex numbers are not supported');
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
    throw new TemplateError('Numerical result out of range');
  }
  return result;
}

const tooLong = (): TemplateError => new TemplateError(`a whole number of more than ${MOST_BITS} bits`);
