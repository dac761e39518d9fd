// What the methods of str do.
import { bind, textOf, wholeOf } from './args.js';
import { TemplateError } from './errors.js';
import type { Runtime } from './runtime.js';
import { Tuple, lengthOf, type Args, type Value } from './values.js';
import { WIDE, strip, words } from './whitespace.js';

/**
 * The part of `text` from `start` to `end`, places as Python counts them, and where it begins.
 * @returns undefined for a start behind the end: nothing is found there, not even ''
 */
function within(
  text: string,
  start: Value | undefined,
  end: Value | undefined,
): { text: string; from: number } | undefined {
  if (start === undefined && end === undefined) return { text, from: 0 };
  const points = WIDE.test(text) ? [...text] : text.split('');
  const place = (value: Value | undefined, absent: number): number => {
    const at = value === undefined || value === null ? absent : wholeOf(value, absent);
    return at < 0 ? Math.max(0, at + points.length) : at;
  };
  const from = place(start, 0);
  const to = Math.min(place(end, points.length), points.length);
  return from > to ? undefined : { text: points.slice(from, to).join(''), from };
}

/** Where a part stands in `text`, in Python's count; -1 for nowhere. */
export function find(text: string, args: Args, last: boolean, name: string): bigint {
  const [part, start, end] = bind(name, args, ['sub', 'start', 'end'], 1);
  const where = within(text, start, end);
  if (where === undefined) return -1n;
  const by = textOf(part!);
  const at = last ? where.text.lastIndexOf(by) : where.text.indexOf(by);
  return at < 0 ? -1n : BigInt(where.from + lengthOf(where.text.slice(0, at))!);
}

/** str.index and str.rindex. */
export function placeOf(text: string, args: Args, last: boolean, name: string): bigint {
  const at = find(text, args, last, name);
  if (at < 0n) throw new TemplateError('substring not found');
  return at;
}

/** str.count. */
export function count(text: string, args: Args): bigint {
  const [part, start, end] = bind('count', args, ['sub', 'start', 'end'], 1);
  const where = within(text, start, end);
  if (where === undefined) return 0n;
  const by = textOf(part!);
  return BigInt(by === '' ? lengthOf(where.text)! + 1 : where.text.split(by).length - 1);
}

/** str.startswith and str.endswith: of a text, or of any of a tuple. */
export function hasEdge(text: string, args: Args, name: 'startswith' | 'endswith'): boolean {
  const [part, start, end] = bind(name, args, ['prefix', 'start', 'end'], 1);
  const where = within(text, start, end);
  const parts = (part instanceof Tuple ? part.items : [part!]).map(textOf);
  if (where === undefined) return false;
  return parts.some((p) => (name === 'startswith' ? where.text.startsWith(p) : where.text.endsWith(p)));
}

/** strip, lstrip and rstrip: of white space, or of any of the characters given. */
export function stripped(text: string, chars: Value | undefined, sides: 'both' | 'start' | 'end'): string {
  if (chars === undefined || chars === null) return strip(text, sides);
  const set = new Set(textOf(chars));
  return strip(text, sides, (character) => set.has(character));
}

/** str.split and str.rsplit. */
export function split(text: string, args: Args, fromEnd: boolean): string[] {
  const [separator, most] = bind('split', args, ['sep', 'maxsplit']);
  const limit = wholeOf(most, -1);
  if (separator === undefined || separator === null) return splitSpace(text, limit, fromEnd);
  const by = textOf(separator);
  if (by === '') throw new TemplateError('empty separator');
  const parts = text.split(by);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  if (fromEnd) {
    const cut = parts.length - limit;
    return [parts.slice(0, cut).join(by), ...parts.slice(cut)];
  }
  return [...parts.slice(0, limit), parts.slice(limit).join(by)];
}

function splitSpace(text: string, limit: number, fromEnd: boolean): string[] {
  const all = words(text);
  if (limit < 0 || all.length <= limit) return all;
  let rest = strip(text, fromEnd ? 'end' : 'start');
  const taken: string[] = [];
  for (const word of fromEnd ? all.slice(all.length - limit).reverse() : all.slice(0, limit)) {
    rest = fromEnd ? rest.slice(0, -word.length) : rest.slice(word.length);
    rest = strip(rest, fromEnd ? 'end' : 'start');
    taken.push(word);
  }
  if (rest === '') return fromEnd ? taken.reverse() : taken;
  return fromEnd ? [rest, ...taken.reverse()] : [...taken, rest];
}

/** str.partition and str.rpartition. */
export function partition(text: string, args: Args, last: boolean): Tuple {
  const by = textOf(bind('partition', args, ['sep'], 1)[0]!);
  if (by === '') throw new TemplateError('empty separator');
  const at = last ? text.lastIndexOf(by) : text.indexOf(by);
  if (at < 0) return new Tuple(last ? ['', '', text] : [text, '', '']);
  return new Tuple([text.slice(0, at), by, text.slice(at + by.length)]);
}

/** str.replace. @param most replacements at most; all where it is negative */
export function replace(text: string, old: string, by: string, most: number, runtime: Runtime): string {
  const parts = old === '' ? ['', ...text, ''] : text.split(old);
  const count = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  runtime.reserve(text.length + count * by.length);
  return (
    parts.slice(0, count + 1).join(by) +
    parts
      .slice(count + 1)
      .map((part) => old + part)
      .join('')
  );
}

/** str.join. */
export function join(by: string, parts: readonly string[], runtime: Runtime): string {
  runtime.reserve(parts.reduce((sum, part) => sum + part.length + by.length, 0));
  return parts.join(by);
}

/** A text in a field of some width. @param before blanks of it that go left */
export function aligned(
  text: string,
  args: Args,
  name: string,
  runtime: Runtime,
  before: (missing: number, width: number) => number,
): string {
  const [width, fill] = bind(name, args, ['width', 'fillchar'], 1);
  const wide = wholeOf(width, 0);
  const filler = fill === undefined ? ' ' : textOf(fill);
  if (lengthOf(filler) !== 1)
    throw new TemplateError('The fill character must be exactly one character long');
  const missing = Math.max(0, wide - lengthOf(text)!);
  runtime.reserve(missing);
  const left = before(missing, wide);
  return filler.repeat(left) + text + filler.repeat(missing - left);
}

/** CPython's: the odd blank goes left where the width is odd. */
export const centred = (missing: number, width: number): number => (missing >> 1) + (missing & width & 1);

/** str.expandtabs. */
export function expandTabs(text: string, size: number, runtime: Runtime): string {
  let column = 0;
  let out = '';
  for (const character of text) {
    if (character === '\t') {
      const blanks = size > 0 ? size - (column % size) : 0;
      runtime.reserve(blanks);
      out += ' '.repeat(blanks);
      column += blanks;
    } else {
      out += character;
      column = character === '\n' || character === '\r' ? 0 : column + 1;
    }
  }
  return out;
}
