// Decimal digits of floats, exact and with ties to even as Python rounds them; JavaScript's toFixed rounds ties up.
import { TemplateError } from './errors.js';
import { floatText } from './printing.js';
import { words } from './whitespace.js';

/** A finite float as numerator / denominator. */
function fraction(value: number): [numerator: bigint, denominator: bigint] {
  let scale = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    scale *= 2n;
  }
  return [BigInt(scaled), scale];
}

/** value * 10**digits, rounded to a whole number, ties to even. */
export function scaledDigits(value: number, digits: number): bigint {
  const [numerator, denominator] = fraction(Math.abs(value));
  const top = digits >= 0 ? numerator * 10n ** BigInt(digits) : numerator;
  const bottom = digits >= 0 ? denominator : denominator * 10n ** BigInt(-digits);
  return (value < 0 ? -1n : 1n) * divideToEven(top, bottom);
}

/** Of two numbers that are not negative. */
export function divideToEven(top: bigint, bottom: bigint): bigint {
  const quotient = top / bottom;
  const twice = (top % bottom) * 2n;
  return twice > bottom || (twice === bottom && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** Digits behind the point at most: a float has no more than 1074. */
export const MOST_DIGITS = 1100;

/** '%.{precision}f' of a number that is not negative and finite. */
export function fixed(value: number, precision: number): string {
  const digits = scaledDigits(value, precision)
    .toString()
    .padStart(precision + 1, '0');
  if (precision === 0) return digits;
  return `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

/** '%.{precision}e' of a number that is not negative and finite. */
export function exponential(value: number, precision: number): string {
  if (value === 0) return `${(0).toFixed(precision)}e+00`;
  let power = Math.floor(Math.log10(value));
  let digits = scaledDigits(value, precision - power).toString();
  if (digits.length <= precision) digits = scaledDigits(value, precision - --power).toString();
  if (digits.length > precision + 1) {
    power++;
    digits = scaledDigits(value, precision - power).toString();
  }
  const rest = digits.slice(1);
  const sign = power < 0 ? '-' : '+';
  return `${digits[0]}${rest === '' ? '' : `.${rest}`}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** '%.{precision}g' of a number that is not negative and finite. */
export function general(value: number, precision: number, keepZeros = false): string {
  const most = precision === 0 ? 1 : precision;
  const scientific = exponential(value, most - 1);
  const power = Number(scientific.slice(scientific.indexOf('e') + 1));
  const isShort = power >= -4 && power < most;
  const text = isShort ? fixed(value, most - 1 - power) : scientific;
  if (keepZeros) return text;
  const [digits, exponent] = text.split('e');
  const trimmed = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return exponent === undefined ? trimmed : `${trimmed}e${exponent}`;
}

/** round(value, digits) of a float. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 330) return value;
  if (digits < -330) return value < 0 ? -0 : 0;
  const scaled = scaledDigits(value, digits);
  const rounded = Number(`${scaled}e${-digits}`);
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}

const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*|\d+(?:_\d+)*\.?)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const SPECIAL = /^([+-]?)(inf|infinity|nan)$/i;

/** int(text, base). @returns undefined where Python raises ValueError */
export function parseInteger(text: string, base: bigint): bigint | undefined {
  const word = only(text).toLowerCase();
  if (base === 10n) return INTEGER.test(word) ? whole(word) : undefined;
  const [, sign, prefix, digits] = /^([+-]?)(0[box])?(_?[\da-z]+(?:_[\da-z]+)*)$/.exec(word) ?? [];
  const prefixes: Record<string, bigint> = { '0b': 2n, '0o': 8n, '0x': 16n };
  if (digits === undefined || ![0n, 2n, 8n, 16n].includes(base)) {
    if (digits === undefined && base >= 2n && base <= 36n) return undefined;
    throw new TemplateError(`int() of base ${base} is not supported`);
  }
  const own = prefix === undefined ? (base === 0n ? 10n : base) : prefixes[prefix];
  if (base !== 0n && own !== base) return undefined;
  if (prefix === undefined && (digits.startsWith('_') || (base === 0n && /^0+[1-9]/.test(digits))))
    return undefined;
  const plain = digits.replaceAll('_', '');
  if (![...plain].every((digit) => Number.parseInt(digit, 36) < own)) return undefined;
  const shown = own === 10n ? plain : `${Object.keys(prefixes).find((key) => prefixes[key] === own)}${plain}`;
  return sign === '-' ? -BigInt(shown) : BigInt(shown);
}

const whole = (word: string): bigint => {
  const digits = word.replace(/^[+-]/, '').replaceAll('_', '');
  if (digits.length > 4300) throw new TemplateError('a whole number of more than 4300 digits');
  return word.startsWith('-') ? -BigInt(digits) : BigInt(digits);
};

/** float(text). @returns undefined where Python raises ValueError */
export function parseFloatText(text: string): number | undefined {
  const word = only(text);
  const special = SPECIAL.exec(word);
  if (special !== null) {
    const value = special[2].toLowerCase() === 'nan' ? Number.NaN : Infinity;
    return special[1] === '-' ? -value : value;
  }
  return FLOAT.test(word) ? Number(word.replaceAll('_', '')) : undefined;
}

/** A text without the white space around it. */
function only(text: string): string {
  const found = words(text);
  const word = found.length === 1 ? found[0] : ' ';
  if (/[^\x20-\x7e]/.test(word) && /\p{Nd}/u.test(word)) {
    // eslint-disable-line no-control-regex
    throw new TemplateError('digits of other scripts are not read as numbers here');
  }
  return word;
}

export { floatText };
