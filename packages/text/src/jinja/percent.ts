// 'text %s' % values.
import { asNumber } from './compare.js';
import { TemplateError } from './errors.js';
import { MOST_DIGITS, exponential, fixed, general } from './numbers.js';
import { ascii, repr, str } from './printing.js';
import type { Runtime } from './runtime.js';
import { Dict, Tuple, Undefined, typeName, type Value } from './values.js';

const FIELD = /%(?:\(([^()]*)\))?([-+ 0#]*)(\*|\d+)?(\.(?:\*|\d+)?)?[hlL]?([^])?/g;

/** How a number is laid out in its field. */
export interface Layout {
  left: boolean;
  zeros: boolean;
  sign: string;
  alternate: boolean;
  width: number;
  precision?: number;
}

/** @throws TemplateError as Python does for too few, too many or wrong values */
export function percent(format: string, values: Value, runtime: Runtime): string {
  const items = values instanceof Tuple ? values.items : [values];
  let used = 0;
  let named = false;
  const next = (): Value => {
    if (used >= items.length) throw new TemplateError('not enough arguments for format string');
    return items[used++];
  };
  const star = (): number => {
    const number = next();
    if (typeof number !== 'bigint') throw new TemplateError('* wants int');
    return Number(number);
  };
  const text = format.replace(FIELD, (field, ...groups: (string | undefined)[]) => {
    const [key, flags = '', width, precision, kind] = groups;
    if (kind === undefined) throw new TemplateError('incomplete format');
    let source: Value | undefined;
    if (key !== undefined) {
      if (!(values instanceof Dict)) throw new TemplateError('format requires a mapping');
      source = values.get(key);
      if (source === undefined) throw new TemplateError(`KeyError: '${key}'`);
      named = true;
    }
    const wide = width === '*' ? star() : Number(width ?? 0);
    const exact =
      precision === undefined ? undefined : precision === '.*' ? star() : Number(precision.slice(1));
    if (field === '%%') return '%';
    const layout: Layout = {
      left: flags.includes('-') || wide < 0,
      zeros: flags.includes('0'),
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
      alternate: flags.includes('#'),
      width: Math.abs(wide),
      precision: exact === undefined ? undefined : Math.max(0, exact),
    };
    runtime.reserve(layout.width);
    return formatted(kind, source === undefined ? next() : source, layout, runtime);
  });
  const isMapping = values instanceof Dict || values instanceof Undefined || Array.isArray(values);
  if (!named && used < items.length && !isMapping) {
    throw new TemplateError('not all arguments converted during string formatting');
  }
  return text;
}

function formatted(kind: string, value: Value, layout: Layout, runtime: Runtime): string {
  if (kind === 's' || kind === 'r' || kind === 'a') {
    const shown = kind === 's' ? str(value, runtime.standIns) : repr(value, runtime.standIns);
    const text = kind === 'a' ? ascii(shown) : shown;
    return padded(
      layout.precision === undefined ? text : [...text].slice(0, layout.precision).join(''),
      layout,
    );
  }
  if (kind === 'c') return padded(character(value), layout);
  if ('diu'.includes(kind) || 'oxX'.includes(kind)) return wholeNumber(kind, value, layout);
  if ('eEfFgG'.includes(kind)) {
    const number = asNumber(value);
    if (number === undefined) throw new TemplateError(`must be real number, not ${typeName(value)}`);
    return numeric(
      Number(number) < 0 || Object.is(number, -0),
      floatDigits(kind, Math.abs(Number(number)), layout),
      layout,
      Number.isFinite(Number(number)),
    );
  }
  throw new TemplateError(`unsupported format character '${kind}'`);
}

function character(value: Value): string {
  if (typeof value === 'bigint' && value >= 0n && value < 0x110000n)
    return String.fromCodePoint(Number(value));
  if (typeof value === 'string' && [...value].length === 1) return value;
  throw new TemplateError('%c requires int or char');
}

function wholeNumber(kind: string, value: Value, layout: Layout): string {
  const number = asNumber(value);
  const isDecimal = 'diu'.includes(kind);
  if (number === undefined || (typeof number === 'number' && !isDecimal)) {
    const wanted = isDecimal ? 'a real number is required' : 'an integer is required';
    throw new TemplateError(`%${kind} format: ${wanted}, not ${typeName(value)}`);
  }
  if (!Number.isFinite(Number(number)) && typeof number === 'number') {
    throw new TemplateError('cannot convert float infinity or NaN to integer');
  }
  const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
  const size = whole < 0n ? -whole : whole;
  const radix = isDecimal ? 10 : kind === 'o' ? 8 : 16;
  let digits = size.toString(radix).padStart(Math.min(layout.precision ?? 0, MOST_DIGITS), '0');
  if (kind === 'X') digits = digits.toUpperCase();
  const prefix = layout.alternate && !isDecimal ? `0${kind}` : '';
  return numeric(whole < 0n, digits, layout, true, prefix);
}

/** Digits of a float that is not negative, in one of Python's formats e, f, g. */
export function floatDigits(
  kind: string,
  size: number,
  { precision = 6, alternate }: Pick<Layout, 'precision' | 'alternate'>,
): string {
  const exact = Math.min(precision, MOST_DIGITS);
  let text: string;
  if (!Number.isFinite(size)) text = Number.isNaN(size) ? 'nan' : 'inf';
  else if (/e/i.test(kind)) text = exponential(size, exact);
  else if (/f/i.test(kind)) text = fixed(size, exact);
  else text = general(size, exact, alternate);
  if (alternate && !/[.n]/.test(text)) text = text.replace(/^\d+/, '$&.');
  return kind === kind.toUpperCase() ? text.toUpperCase() : text;
}

/** A number's digits with sign and prefix in its field; zeros fill between them. */
function numeric(negative: boolean, digits: string, layout: Layout, finite: boolean, prefix = ''): string {
  const sign = (negative ? '-' : layout.sign) + prefix;
  const fill =
    layout.zeros && !layout.left && finite ? digits.padStart(layout.width - sign.length, '0') : digits;
  return padded(sign + fill, layout);
}

function padded(text: string, { left, width }: Layout): string {
  const missing = ' '.repeat(Math.max(0, width - [...text].length));
  return left ? text + missing : missing + text;
}
