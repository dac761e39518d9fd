// Letters and their case as Python's str sees them.
import { TemplateError } from './errors.js';
import { isSpace } from './whitespace.js';

const CASED = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u;
/** Letters that are two in one, with a form of their own for the start of a word. */
const TITLE_FORMS: Record<string, string> = {
  Ǆ: 'ǅ',
  ǆ: 'ǅ',
  Ǉ: 'ǈ',
  ǉ: 'ǈ',
  Ǌ: 'ǋ',
  ǌ: 'ǋ',
  Ǳ: 'ǲ',
  ǳ: 'ǲ',
};

function titleForm(character: string): string {
  if (Object.hasOwn(TITLE_FORMS, character)) return TITLE_FORMS[character];
  if (/\p{Lt}/u.test(character)) return character;
  const [first = '', ...rest] = character.toUpperCase();
  return first + rest.join('').toLowerCase();
}

/** str.capitalize. */
export function capitalised(text: string): string {
  const [first = ''] = text;
  return titleForm(first) + text.slice(first.length).toLowerCase();
}

/** str.title: every run of letters begins with a capital. */
export function titled(text: string): string {
  let inWord = false;
  let out = '';
  const lower = [...text].map((character) => character.toLowerCase());
  [...text].forEach((character, i) => {
    out += inWord ? lower[i] : titleForm(character);
    inWord = CASED.test(character);
  });
  return out;
}

export function swapCase(text: string): string {
  return [...text]
    .map((c) => (/\p{Uppercase}/u.test(c) ? c.toLowerCase() : /\p{Lowercase}/u.test(c) ? c.toUpperCase() : c))
    .join('');
}

export const isLower = (text: string): boolean =>
  /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
export const isUpper = (text: string): boolean =>
  /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);

function isTitle(text: string): boolean {
  let cased = false;
  let after = false;
  for (const character of text) {
    const capital = /[\p{Uppercase}\p{Lt}]/u.test(character);
    const small = /\p{Lowercase}/u.test(character);
    if ((capital && after) || (small && !after)) return false;
    after = capital || small;
    cased ||= after;
  }
  return cased;
}

const all = (pattern: RegExp) => (text: string) => text !== '' && [...text].every((c) => pattern.test(c));

/** A test that Unicode decides by tables which JavaScript lacks, for the characters that they name. */
function tabled(name: string, pattern: RegExp, unknown: RegExp): (text: string) => boolean {
  return (text) => {
    if (unknown.test(text)) throw new TemplateError(`str.${name} of such characters is not supported`);
    return all(pattern)(text);
  };
}

/** str.isalpha and its sisters. */
export const TESTS_OF_TEXT: Record<string, (text: string) => boolean> = {
  isalnum: all(/[\p{L}\p{N}]/u),
  isalpha: all(/\p{L}/u),
  isascii: (text) => [...text].every((c) => c.codePointAt(0)! < 128),
  isdecimal: all(/\p{Nd}/u),
  isdigit: tabled('isdigit', /\p{Nd}/u, /\p{No}/u),
  isidentifier: (text) => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(text),
  isnumeric: tabled('isnumeric', /\p{N}/u, /\p{Script=Han}/u),
  isprintable: (text) => [...text].every((c) => c === ' ' || !/[\p{C}\p{Z}]/u.test(c)),
  isspace: (text) => text !== '' && [...text].every(isSpace),
  istitle: isTitle,
};
