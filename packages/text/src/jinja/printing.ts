// str() and repr().
import { TemplateError } from './errors.js';
import { work } from './work.js';
import { Dict, DictView, Namespace, Range, Safe, Tuple, Undefined, typeName, type Value } from './values.js';

/** Private-use characters that stand for other text, which is printed in their place later. */
export type StandIns = { has(character: string): boolean };
const NO_STAND_INS: StandIns = { has: () => false };

/** str(value): what `{{ value }}` prints. @throws TemplateError for what prints an address in memory */
export function str(value: Value, standIns?: StandIns): string {
  if (typeof value === 'string') return value;
  if (value instanceof Undefined) return '';
  if (value instanceof Safe) return value.text;
  return repr(value, standIns);
}

export function repr(value: Value, standIns: StandIns = NO_STAND_INS): string {
  work(1);
  const inner = (items: readonly Value[]): string => items.map((item) => repr(item, standIns)).join(', ');
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'string') return quoted(value, standIns);
  if (Array.isArray(value)) return `[${inner(value)}]`;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Tuple) return `(${inner(value.items)}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof Dict) {
    return `{${value
      .entries()
      .map(([key, item]) => `${repr(key, standIns)}: ${repr(item, standIns)}`)
      .join(', ')}}`;
  }
  if (value instanceof DictView) return `${value.typeName}([${inner(value.list())}])`;
  if (value instanceof Range) {
    const step = value.step === 1n ? '' : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof Safe) return `Markup(${quoted(value.text, standIns)})`;
  if (value instanceof Namespace) {
    return `<Namespace ${repr(new Dict(value.attributes), standIns)}>`;
  }
  throw new TemplateError(`a ${typeName(value)} is printed: Python would print its place in memory`);
}

/** repr(float): the shortest digits that read back as the same number. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  const [digits, exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  // Below 1e21 and above 1e-7 JavaScript writes no exponent.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

const NOT_PRINTABLE = /[\p{C}\p{Z}]/u;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function quoted(text: string, standIns: StandIns): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const character of text) {
    if (character in SHORT) out += SHORT[character];
    else if (character === quote) out += `\\${quote}`;
    else if (character === ' ' || standIns.has(character) || !NOT_PRINTABLE.test(character)) out += character;
    else out += escaped(character.codePointAt(0)!);
  }
  return quote + out + quote;
}

/** Python's ascii(): repr with every character beyond ASCII escaped. */
export function ascii(text: string): string {
  return [...text].map((c) => (c.codePointAt(0)! < 128 ? c : escaped(c.codePointAt(0)!))).join('');
}

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
