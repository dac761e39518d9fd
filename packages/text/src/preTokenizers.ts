import { prependAligned, replaceAligned, sliceAligned, type Aligned } from './aligned.js';
import { byteCharacters, bytesAligned } from './byteCharacters.js';
import { asClass, category, complement, intersection, union, WHITE_SPACE } from './codePoints.js';
import type { CodePoints } from './codePoints.js';
import type { Component } from './tokenizerFiles.js';
import { flattened, patternOf } from './normalizers.js';
import { fromOniguruma } from './pattern.js';

/**
 * Cuts each text of a list.
 * @param opens whether the first text stands where the whole begins: there, and after added tokens, a space may be put
 *   before text. 'start' the whole text begins there, 'after' an added token stands before, 'continues' other text does
 */
export type Cutter = (texts: string[], opens: Opening) => string[];
/** The same with where each character came from. */
export type AlignedCutter = (texts: Aligned[], opens: Opening) => Aligned[];
/** A part of a pre-tokenizer, in both ways. */
interface Part {
  cut: Cutter;
  aligned: AlignedCutter;
}
export type Opening = 'start' | 'after' | 'continues';

/** How GPT-2 and its descendants cut text before merging; ByteLevel has it built in. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/** Numbers that Rust's own tables have and Unicode 16 has not. */
const NEWER_NUMBERS = [0x11de0, 0x11de9, 0x16ff4, 0x16ff6];
/** Punctuation that is younger than the table of Python's pre-tokenizer. */
const NEWER_PUNCTUATION = ranges(
  '61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10f55-10f59 10f86-10f89 113d4-113d5 ' +
    '113d7-113d8 1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11a9c ' +
    '11a9e-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f ' +
    '16e97-16e9a 16fe2 1e5ff 1e95e-1e95f',
);
const ASCII_PUNCTUATION = [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e];

export interface PreTokenizer {
  cut: Cutter;
  aligned: AlignedCutter;
  /** Whether the characters that stand for its bytes are to be put in a word's place: the last part is a ByteLevel. */
  bytes: boolean;
}

/**
 * @param part passes checkTokenizerJson
 * @throws Error for a pattern that we do not read
 */
export function preTokenizerOf(part: Component | null): PreTokenizer {
  const parts = flattened(part, 'pretokenizers');
  const bytes = parts.at(-1)?.type === 'ByteLevel';
  const toBytes: Part = {
    cut: (texts) => texts.map(byteCharacters),
    aligned: (texts) => texts.map(bytesAligned),
  };
  const cutters = parts.flatMap((each, i) =>
    each.type === 'ByteLevel' && i < parts.length - 1 ? [...cuttersOf(each), toBytes] : cuttersOf(each),
  );
  return {
    cut: (texts, opens) => cutters.reduce((words, { cut }) => cut(words, opens), texts),
    aligned: (texts, opens) => cutters.reduce((words, { aligned }) => aligned(words, opens), texts),
    bytes,
  };
}

/** Classes that are written out at their first use. */
let digits: string | undefined;
let punctuation: string | undefined;

function cuttersOf(part: Component): Part[] {
  switch (part.type) {
    case 'Split':
      return [splitter(patternOf(part.pattern), String(part.behavior).toLowerCase(), part.invert === true)];
    case 'Digits':
      return [
        splitter(
          new RegExp((digits ??= asClass(union(category('N')!, NEWER_NUMBERS))), 'gu'),
          part.individual_digits === true ? 'isolated' : 'contiguous',
          false,
        ),
      ];
    case 'Punctuation': {
      const pattern = new RegExp((punctuation ??= asClass(punctuationSet())), 'gu');
      return [splitter(pattern, String(part.behavior ?? 'isolated').toLowerCase(), false)];
    }
    case 'Whitespace':
      return [
        splitter(fromOniguruma('[\\w\\x{200C}\\x{200D}]+|[^\\w\\s\\x{200C}\\x{200D}]+'), 'removed', true),
      ];
    case 'WhitespaceSplit':
      return [splitter(new RegExp(asClass(WHITE_SPACE), 'gu'), 'removed', false)];
    case 'CharDelimiterSplit':
      return [splitter(patternOf({ String: part.delimiter }), 'removed', false)];
    case 'ByteLevel': {
      const cut = part.use_regex === false ? [] : [splitter(fromOniguruma(GPT2), 'isolated', false)];
      return part.add_prefix_space === true ? [prefixer(' ', 'always'), ...cut] : cut;
    }
    case 'Metaspace':
      return metaspace(part);
    default:
      throw new Error(`a pre-tokenizer ${part.type}`);
  }
}

function metaspace(part: Component): Part[] {
  const mark = (part.replacement as string | null | undefined) ?? '▁';
  const marked: Part = {
    cut: (texts) => texts.map((text) => text.replaceAll(' ', () => mark)),
    aligned: (texts) => texts.map((text) => replaceAligned(text, / /g, () => mark)),
  };
  const scheme = String(
    part.prepend_scheme ?? (part.add_prefix_space === false ? 'never' : 'always'),
  ).toLowerCase();
  const prefix = scheme === 'never' ? [] : [prefixer(mark, scheme as 'first' | 'always')];
  const words = part.split === false ? [] : [splitter(patternOf({ String: mark }), 'mergedwithnext', false)];
  return [marked, ...prefix, ...words];
}

/** Puts `prefix` before text that does not begin with it: before each text of the list, or before the whole text only. */
function prefixer(prefix: string, scheme: 'first' | 'always'): Part {
  const asked = (text: string, i: number, opens: Opening) =>
    !text.startsWith(prefix) &&
    (i > 0 ? scheme === 'always' : opens === 'start' || (opens === 'after' && scheme === 'always'));
  return {
    cut: (texts, opens) => texts.map((text, i) => (asked(text, i, opens) ? prefix + text : text)),
    aligned: (texts, opens) =>
      texts.map((each, i) => (asked(each.text, i, opens) ? prependAligned(each, prefix) : each)),
  };
}

function punctuationSet(): CodePoints {
  const known = intersection(category('P')!, complement(NEWER_PUNCTUATION));
  return union(ASCII_PUNCTUATION, known);
}

/** 'a b-c' in hexadecimal as a set. */
function ranges(text: string): number[] {
  return text.split(' ').flatMap((range) => {
    const [from, to = from] = range.split('-');
    return [parseInt(from, 16), parseInt(to, 16)];
  });
}

/**
 * @param behavior what becomes of a match: a word of its own, nothing, the end of the word before it, the beginning of
 *   the next, one word with the matches beside it
 * @param invert whether what lies between matches is taken for the matches
 */
function splitter(pattern: RegExp, behavior: string, invert: boolean): Part {
  const join = JOIN[behavior] ?? ((all: Segment[]) => all);
  const aligned: AlignedCutter = (texts) =>
    texts.flatMap((each) =>
      join(segments(each.text, pattern, invert)).map(({ from, to }) => sliceAligned(each, from, to)),
    );
  if (behavior === 'isolated') return { cut: (texts) => isolated(texts, pattern), aligned };
  const cut: Cutter = (texts) =>
    texts.flatMap((text) =>
      join(segments(text, pattern, invert)).map(({ from, to }) => text.slice(from, to)),
    );
  return { cut, aligned };
}

/** The common way, short: matches and what lies between them are words alike. */
function isolated(texts: readonly string[], pattern: RegExp): string[] {
  const words: string[] = [];
  for (const text of texts) {
    const end = eachMatch(text, pattern, (from, to, before) => {
      if (from > before) words.push(text.slice(before, from));
      if (to > from) words.push(text.slice(from, to));
    });
    if (end < text.length) words.push(text.slice(end));
  }
  return words;
}

/**
 * Tells of every match where it is, and where the one before it ended. Without `matchAll`, which copies the pattern each time.
 * @returns where the last match ended, 0 without one
 */
function eachMatch(
  text: string,
  pattern: RegExp,
  tell: (from: number, to: number, before: number) => void,
): number {
  let before = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const { index } = match;
    const to = index + match[0].length;
    if (to === index) pattern.lastIndex += text.codePointAt(index)! > 0xffff ? 2 : 1;
    tell(index, to, before);
    before = to;
  }
  return before;
}

interface Stretch {
  from: number;
  to: number;
}

interface Segment extends Stretch {
  match: boolean;
}

function segments(text: string, pattern: RegExp, invert: boolean): Segment[] {
  const out: Segment[] = [];
  const end = eachMatch(text, pattern, (from, to, before) => {
    if (from > before) out.push({ from: before, to: from, match: invert });
    if (to > from) out.push({ from, to, match: !invert });
  });
  if (end < text.length) out.push({ from: end, to: text.length, match: invert });
  return out;
}

const JOIN: Readonly<Record<string, (segments: Segment[]) => Stretch[]>> = {
  removed: (all) => all.filter(({ match }) => !match),
  mergedwithprevious: (all) => merged(all, (one, before) => one.match && !before.match),
  mergedwithnext: (all) => merged(all, (one, before) => !one.match && before.match),
  contiguous: (all) => merged(all, (one, before) => one.match === before.match),
};

/** Segments, those put to the one before that `joins` says. */
function merged(all: Segment[], joins: (one: Segment, before: Segment) => boolean): Stretch[] {
  const words: { from: number; to: number }[] = [];
  all.forEach((one, i) => {
    if (i > 0 && joins(one, all[i - 1])) words[words.length - 1].to = one.to;
    else words.push({ from: one.from, to: one.to });
  });
  return words;
}
