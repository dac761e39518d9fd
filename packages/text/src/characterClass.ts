import {
  category,
  complement,
  intersection,
  matching,
  union,
  WHITE_SPACE,
  wordCharacters,
} from './codePoints.js';
import type { CodePoints } from './codePoints.js';

/** Superscripts and fractions of Latin-1, which Oniguruma takes for word characters outside brackets alone. */
const BARE_WORD: CodePoints = [0xb2, 0xb3, 0xb9, 0xb9, 0xbc, 0xbe];
const HEX: CodePoints = [0x30, 0x39, 0x41, 0x46, 0x61, 0x66];

const known = new Map<string, CodePoints>();

/** The set of an escape letter: s, d, w, h, or the capital of one for the others. */
export function escapeSet(letter: string, bare: boolean): CodePoints | undefined {
  const small = letter.toLowerCase();
  if (letter !== small) {
    const set = escapeSet(small, bare);
    return set === undefined ? undefined : complement(set);
  }
  switch (letter) {
    case 's':
      return WHITE_SPACE;
    case 'd':
      return category('Nd');
    case 'h':
      return HEX;
    case 'w':
      return word(bare);
    default:
      return undefined;
  }
}

export function word(bare: boolean): CodePoints {
  return bare ? union(wordCharacters(), BARE_WORD) : wordCharacters();
}

const POSIX: Readonly<Record<string, () => CodePoints>> = {
  alpha: () => property('Alphabetic')!,
  alnum: () => union(property('Alphabetic')!, category('Nd')!),
  digit: () => category('Nd')!,
  lower: () => property('Lowercase')!,
  upper: () => property('Uppercase')!,
  space: () => WHITE_SPACE,
  blank: () => union([9, 9], category('Zs')!),
  punct: () => union(category('P')!, category('S')!),
  cntrl: () => category('Cc')!,
  word: wordCharacters,
  xdigit: () => HEX,
  ascii: () => [0, 0x7f],
};

export function posixSet(name: string): CodePoints | undefined {
  return Object.hasOwn(POSIX, name) ? POSIX[name]() : undefined;
}

/** The set of \p{name}: a general category, a script or a binary property, however it is written. */
export function property(name: string): CodePoints | undefined {
  const key = name.replace(/[ _-]/g, '').toLowerCase();
  const found = known.get(key);
  if (found !== undefined) return found;
  const set = categoryOf(key) ?? posixSet(key) ?? ofNode(name);
  if (set !== undefined) known.set(key, set);
  return set;
}

const LONG_NAMES: Readonly<Record<string, string>> = {
  letter: 'L', mark: 'M', number: 'N', punctuation: 'P', symbol: 'S', separator: 'Z', other: 'C',
  uppercaseletter: 'Lu', lowercaseletter: 'Ll', titlecaseletter: 'Lt', modifierletter: 'Lm', otherletter: 'Lo',
  nonspacingmark: 'Mn', spacingmark: 'Mc', enclosingmark: 'Me', decimalnumber: 'Nd', letternumber: 'Nl',
  othernumber: 'No', control: 'Cc', format: 'Cf', unassigned: 'Cn', any: 'any',
}; // prettier-ignore

function categoryOf(key: string): CodePoints | undefined {
  const name = LONG_NAMES[key] ?? key[0].toUpperCase() + key.slice(1);
  if (name === 'any') return complement([]);
  return name.length > 2 ? undefined : category(name);
}

/** Of what this Node knows, the characters that Unicode 16 has. */
function ofNode(name: string): CodePoints | undefined {
  for (const spelling of [name, `Script=${name}`]) {
    const capital = spelling.replace(
      /(^|[_=])([a-z])/g,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );
    for (const each of [spelling, capital]) {
      try {
        return matching(new RegExp(`\\p{${each}}`, 'u'), complement(category('Cn')!));
      } catch {
        // Another spelling may be one.
      }
    }
  }
  return undefined;
}

let cased: CodePoints | undefined;

/** The set with all characters that fold to one of its own. */
export function folded(set: CodePoints): CodePoints {
  cased ??= matching(/[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u);
  const own = intersection(set, cased);
  if (own.length === 0) return set;
  const source = own.flatMap((_, i) =>
    i % 2 === 1 ? [] : [`\\u{${own[i].toString(16)}}-\\u{${own[i + 1].toString(16)}}`],
  );
  return union(set, matching(new RegExp(`[${source.join('')}]`, 'iu'), cased));
}

let expansions: Set<string> | undefined;

/** Whether one character may stand for several of `text` where case is ignored: a ligature for 'fi', ß for 'ss'. */
export function hasLongFold(text: string): boolean {
  if (expansions === undefined) {
    expansions = new Set();
    cased ??= matching(/[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u);
    for (let i = 0; i < cased.length; i += 2) {
      for (let code = cased[i]; code <= cased[i + 1]; code++) {
        const character = String.fromCodePoint(code);
        const upper = character.toUpperCase().toLowerCase();
        if (Array.from(upper).length > 1) expansions.add(upper);
      }
    }
  }
  const small = text.toLowerCase();
  return [...expansions].some((each) => small.includes(each));
}
