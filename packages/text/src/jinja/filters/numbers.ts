// Filters of numbers.
import { binary } from '../arithmetic.js';
import { bind, wholeOf } from '../args.js';
import { asNumber, asText } from '../compare.js';
import { TemplateError } from '../errors.js';
import { divideToEven, parseFloatText, parseInteger, roundFloat } from '../numbers.js';
import { Undefined, iterate, typeName, type Value } from '../values.js';
import { attributeGetter } from './attributes.js';
import type { Filter } from './types.js';

const numberOf = (value: Value, what: string): bigint | number => {
  if (value instanceof Undefined) return value.fail();
  const number = asNumber(value);
  if (number === undefined) throw new TemplateError(`${what}: a number is required, not ${typeName(value)}`);
  return number;
};

/** Towards zero. @throws TemplateError for what is not finite */
function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw new TemplateError('cannot convert float infinity or NaN to integer');
  return BigInt(Math.trunc(value));
}

const int: Filter = (value, args) => {
  const [absent = 0n, base = 10n] = bind('int', args, ['default', 'base']);
  if (value instanceof Undefined) return value.fail();
  const text = asText(value);
  if (text !== undefined) {
    if (typeof base !== 'bigint') throw new TemplateError('the base of int is a whole number');
    const whole = parseInteger(text, base);
    if (whole !== undefined) return whole;
    const float = parseFloatText(text);
    return float === undefined || !Number.isFinite(float) ? absent : truncated(float);
  }
  const number = asNumber(value);
  if (number === undefined || Number.isNaN(number)) return absent;
  return typeof number === 'bigint' ? number : truncated(number);
};

const float: Filter = (value, args) => {
  const [absent = 0] = bind('float', args, ['default']);
  if (value instanceof Undefined) return value.fail();
  const text = asText(value);
  const number = text === undefined ? asNumber(value) : parseFloatText(text);
  return number === undefined ? absent : Number(number);
};

const round: Filter = (value, args) => {
  const [digits, method = 'common'] = bind('round', args, ['precision', 'method']);
  if (method !== 'common' && method !== 'ceil' && method !== 'floor') {
    throw new TemplateError('method must be common, ceil or floor');
  }
  const number = numberOf(value, 'round');
  const precision = wholeOf(digits, 0);
  if (method === 'common') {
    if (typeof number === 'number') return roundFloat(number, precision);
    if (precision >= 0) return number;
    const unit = 10n ** BigInt(Math.min(-precision, 5000));
    return (number < 0n ? -1n : 1n) * divideToEven(number < 0n ? -number : number, unit) * unit;
  }
  const isWhole = typeof number === 'bigint' && precision >= 0;
  const scale = 10 ** precision;
  const scaled = isWhole ? Number(number * 10n ** BigInt(Math.min(precision, 300))) : Number(number) * scale;
  return Math[method](scaled) / scale;
};

export const numberFilters: Record<string, Filter> = {
  abs: (value, args) => {
    bind('abs', args, []);
    const number = numberOf(value, 'bad operand type for abs()');
    return number < 0 || Object.is(number, -0) ? -number : number;
  },
  float,
  int,
  round,
  sum: (value, args, { runtime }) => {
    const [attribute = null, start = 0n] = bind('sum', args, ['attribute', 'start']);
    if (typeof start === 'string')
      throw new TemplateError("sum() can't sum strings [use ''.join(seq) instead]");
    const get = attributeGetter(attribute, runtime);
    let total: Value = start;
    for (const item of iterate(value)) {
      total = binary('+', total, get(item), runtime);
      runtime.handle(total);
    }
    return total;
  },
};
