import { GENERAL_CATEGORIES } from './generalCategories.js';

/** A set of code points: sorted ranges [first, last, first, last, ...], both ends within. Surrogates are in none. */
export type CodePoints = readonly number[];

const LAST = 0x10ffff;

export function union(...sets: readonly CodePoints[]): CodePoints {
  const ranges = sets.flatMap(pairs).sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [from, to] of ranges) {
    if (out.length > 0 && from <= out[out.length - 1] + 1) {
      out[out.length - 1] = Math.max(out[out.length - 1], to);
    } else out.push(from, to);
  }
  return out;
}

/** All other code points, without surrogates. */
export function complement(set: CodePoints): CodePoints {
  const out: number[] = [];
  let next = 0;
  for (const [from, to] of pairs(union(set, [0xd800, 0xdfff]))) {
    if (from > next) out.push(next, from - 1);
    next = to + 1;
  }
  if (next <= LAST) out.push(next, LAST);
  return out;
}

export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return complement(union(complement(a), complement(b)));
}

/** The set as a class of a JavaScript pattern with flag u. */
export function asClass(set: CodePoints): string {
  const hex = (code: number) => `\\u{${code.toString(16)}}`;
  return `[${pairs(set)
    .map(([from, to]) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`))
    .join('')}]`;
}

/** The characters that a JavaScript pattern with flag u matches, among `candidates`. */
export function matching(pattern: RegExp, candidates: CodePoints = [0, 0xd7ff, 0xe000, LAST]): CodePoints {
  const out: number[] = [];
  for (const [from, to] of pairs(candidates)) {
    for (let code = from; code <= to; code++) {
      if (!pattern.test(String.fromCodePoint(code))) continue;
      if (out[out.length - 1] === code - 1) out[out.length - 1] = code;
      else out.push(code, code);
    }
  }
  return out;
}

/** White_Space of Unicode, which is not what JavaScript's \s is: U+0085 is, U+FEFF is not. */
export const WHITE_SPACE: CodePoints = [
  0x09, 0x0d, 0x20, 0x20, 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f,
  0x202f, 0x205f, 0x205f, 0x3000, 0x3000,
];

/** Other_Alphabetic among symbols: circled and squared letters. */
const LETTER_SYMBOLS: CodePoints = [0x24b6, 0x24e9, 0x1f130, 0x1f149, 0x1f150, 0x1f169, 0x1f170, 0x1f189];

/**
 * The characters of a general category, as Unicode 16 has them, whatever version this Node knows.
 * @param name one category ('Lu') or a letter for all that begin with it ('L'); undefined for another name
 */
export function category(name: string): CodePoints | undefined {
  categories ??= readCategories();
  if (name.length === 2) return categories.get(name);
  const known = majors.get(name);
  if (known !== undefined) return known;
  const parts = [...categories.keys()].filter((each) => each[0] === name);
  if (parts.length === 0) return undefined;
  const set = union(...parts.map((each) => categories!.get(each)!));
  majors.set(name, set);
  return set;
}

/** \w: letters, marks, digits, connectors, letter numbers and what else is alphabetic. */
export function wordCharacters(): CodePoints {
  const parts = ['L', 'M', 'Nd', 'Nl', 'Pc'].map((name) => category(name)!);
  return union(...parts, LETTER_SYMBOLS);
}

let categories: Map<string, CodePoints> | undefined;
/** Unions of categories that begin with one letter. */
const majors = new Map<string, CodePoints>();

function readCategories(): Map<string, CodePoints> {
  const { names, letters, runs } = GENERAL_CATEGORIES;
  const lists = new Map(names.map((name) => [name, [] as number[]]));
  let at = 0;
  for (const [, letter, length] of runs.matchAll(/([^0-9a-z])([0-9a-z]*)/g)) {
    const count = length === '' ? 1 : parseInt(length, 36);
    lists.get(names[letters.indexOf(letter)])!.push(at, at + count - 1);
    at += count;
  }
  return lists;
}

function pairs(set: CodePoints): [number, number][] {
  const out: [number, number][] = [];
  for (let i = 0; i < set.length; i += 2) out.push([set[i], set[i + 1]]);
  return out;
}
