// str.format: '{} {name!r:>10}'.
import { asNumber, asText } from './compare.js';
import { TemplateError } from './errors.js';
import { floatDigits } from './percent.js';
import { ascii, floatText, repr, str } from './printing.js';
import type { Runtime } from './runtime.js';
import { typeName, type Args, type Value } from './values.js';

/** How attributes and items of values are read, as templates read them. */
export type Access = (of: Value, key: Value, isAttribute: boolean) => Value;

/** @throws TemplateError as Python does for fields without a value and for malformed ones */
export function formatString(
  format: string,
  args: Args,
  access: Access,
  runtime: Runtime,
  depth = 0,
): string {
  let automatic = 0;
  let out = '';
  let at = 0;
  while (at < format.length) {
    const brace = format[at];
    if ((brace === '{' || brace === '}') && format[at + 1] === brace) {
      out += brace;
      at += 2;
    } else if (brace === '}') throw new TemplateError("Single '}' encountered in format string");
    else if (brace === '{') {
      const end = closing(format, at);
      const { name, conversion, spec } = parts(format.slice(at + 1, end));
      const number = (text: string): string => (text === '' ? String(automatic++) : text);
      const value = lookup(name, number, args, access);
      const nested = spec.replace(/\{([^{}]*)\}/g, (_, inner: string) => {
        if (depth > 0) throw new TemplateError('Max string recursion exceeded');
        return str(lookup(inner, number, args, access), runtime.standIns);
      });
      out += formatValue(converted(value, conversion, runtime), nested, runtime);
      at = end + 1;
    } else {
      out += brace;
      at++;
    }
  }
  return out;
}

function closing(format: string, from: number): number {
  let open = 0;
  for (let at = from; at < format.length; at++) {
    if (format[at] === '{') open++;
    if (format[at] === '}' && --open === 0) return at;
  }
  throw new TemplateError("expected '}' before end of string");
}

function parts(field: string): { name: string; conversion: string; spec: string } {
  const [, name, conversion = '', spec = ''] = /^([^!:]*)(?:!([^:]*))?(?::([^]*))?$/.exec(field) ?? [
    '',
    field,
  ];
  return { name, conversion, spec };
}

function lookup(name: string, number: (text: string) => string, args: Args, access: Access): Value {
  const [, first, path] = /^([^.[]*)([^]*)$/.exec(name)!;
  const key = number(first);
  let value = /^\d+$/.test(key) ? args.args[Number(key)] : args.named.get(key);
  if (value === undefined) {
    throw new TemplateError(
      /^\d+$/.test(key)
        ? `Replacement index ${key} out of range for positional args tuple`
        : `KeyError: '${key}'`,
    );
  }
  for (const [, attribute, item] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
    if (attribute !== undefined) value = access(value, attribute, true);
    else value = access(value, /^\d+$/.test(item) ? BigInt(item) : item, false);
  }
  return value;
}

function converted(value: Value, conversion: string, { standIns }: Runtime): Value {
  if (conversion === '') return value;
  if (conversion === 's') return str(value, standIns);
  if (conversion === 'r') return repr(value, standIns);
  if (conversion === 'a') return ascii(repr(value, standIns));
  throw new TemplateError(`Unknown conversion specifier ${conversion}`);
}

const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

/** format(value, spec). */
function formatValue(value: Value, spec: string, runtime: Runtime): string {
  const text = asText(value);
  const number = asNumber(value);
  if (spec === '') return str(value, runtime.standIns);
  if (text === undefined && number === undefined) {
    throw new TemplateError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const match = SPEC.exec(spec);
  if (match === null) throw new TemplateError(`Invalid format specifier '${spec}'`);
  const [, fill, align, sign = '', alternate, zero, width = '0', group, precision, type] = match;
  const wide = Number(width);
  runtime.reserve(wide);
  const digits = precision === undefined ? undefined : Number(precision);
  let body: string;
  let prefix = '';
  if (text !== undefined) {
    if (
      (type ?? 's') !== 's' ||
      sign !== '' ||
      group !== undefined ||
      alternate !== undefined ||
      align === '='
    ) {
      throw new TemplateError(`Invalid format specifier '${spec}' for object of type 'str'`);
    }
    body = digits === undefined ? text : [...text].slice(0, digits).join('');
  } else {
    const negative = Number(number) < 0 || Object.is(number, -0);
    const lead = alternate !== undefined && 'boxX'.includes(type ?? '?') ? `0${type}` : '';
    prefix = (negative ? '-' : sign === '-' ? '' : sign) + lead;
    body = grouped(numberText(number!, type, digits, alternate !== undefined), group);
    if (zero !== undefined && align === undefined && group !== undefined) {
      throw new TemplateError('zeros before grouped digits are not supported');
    }
  }
  const side = align ?? (zero !== undefined && text === undefined ? '=' : text === undefined ? '>' : '<');
  const filler = fill ?? (zero === undefined ? ' ' : '0');
  const missing = Math.max(0, wide - [...(prefix + body)].length);
  if (side === '=') return prefix + filler.repeat(missing) + body;
  const before = side === '>' ? missing : side === '^' ? missing >> 1 : 0;
  return filler.repeat(before) + prefix + body + filler.repeat(missing - before);
}

function numberText(
  number: bigint | number,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
): string {
  if (typeof number === 'bigint' && (type === undefined || 'bcdnoxX'.includes(type))) {
    if (precision !== undefined) throw new TemplateError('Precision not allowed in integer format specifier');
    const size = number < 0n ? -number : number;
    if (type === 'c') return String.fromCodePoint(Number(number));
    const digits = size.toString(type === 'b' ? 2 : type === 'o' ? 8 : /x/i.test(type ?? '') ? 16 : 10);
    return type === 'X' ? digits.toUpperCase() : digits;
  }
  if (type !== undefined && !'eEfFgGn%'.includes(type)) {
    throw new TemplateError(`Unknown format code '${type}' for object of type 'float'`);
  }
  const size = Math.abs(Number(number));
  if (type === '%') return `${floatDigits('f', size * 100, { precision, alternate })}%`;
  if (type !== undefined) return floatDigits(type === 'n' ? 'g' : type, size, { precision, alternate });
  if (precision === undefined) return floatText(size);
  const text = floatDigits('g', size, { precision, alternate });
  return /[.en]/.test(text) ? text : `${text}.0`;
}

/** Digits before the point in groups of three. */
function grouped(text: string, separator: string | undefined): string {
  if (separator === undefined) return text;
  return text.replace(/^\d+/, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, separator));
}
