// Filters of texts.
import { bind, flagOf, pairsOf, textOf, wholeOf } from '../args.js';
import { asText } from '../compare.js';
import { capitalised } from '../characters.js';
import { TemplateError } from '../errors.js';
import { escapeHtml } from '../html.js';
import { WIDEST_INDENT } from '../json.js';
import { percent } from '../percent.js';
import { str } from '../printing.js';
import { centred, join, replace, stripped } from '../strings.js';
import { Dict, Safe, Tuple, iterate, lengthOf, type Value } from '../values.js';
import { SPACE, splitLines, words } from '../whitespace.js';
import { attributeGetter } from './attributes.js';
import type { Runtime } from '../runtime.js';
import type { Context, Filter } from './types.js';

/** A filter that reads any value as a text; a text marked safe stays marked. */
const ofText =
  (name: string, change: (text: string) => string): Filter =>
  (value, args, { runtime }) => {
    bind(name, args, []);
    return value instanceof Safe ? new Safe(change(value.text)) : change(str(value, runtime.standIns));
  };

const WORD_START = new RegExp(`([-${SPACE}({\\[<]+)`);

/** Each word's first letter large, the others small; words begin behind white space, hyphens and opening brackets. */
const title = (text: string): string =>
  text
    .split(WORD_START)
    .filter((part) => part !== '')
    .map((part) => {
      const [first] = part;
      return first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join('');

const indent: Filter = (value, args, { runtime }) => {
  const [width, first, blank] = bind('indent', args, ['width', 'first', 'blank']);
  const text = textOf(value);
  const own = width === undefined ? undefined : asText(width);
  const wide = own?.length ?? wholeOf(width, 4);
  if (wide > WIDEST_INDENT) throw new TemplateError(`indent indents by at most ${WIDEST_INDENT}`);
  const blanks = own ?? ' '.repeat(Math.max(0, wide));
  const [line, ...lines] = splitLines(`${text}\n`);
  runtime.reserve(text.length + lines.length * blanks.length);
  const rest = lines.map((l) => `\n${l !== '' || flagOf(blank) ? blanks : ''}${l}`);
  return (flagOf(first) ? blanks : '') + line + rest.join('');
};

const truncate: Filter = (value, args) => {
  const [length, kill, end = '...', leeway] = bind('truncate', args, [
    'length',
    'killwords',
    'end',
    'leeway',
  ]);
  const [most, slack, tail] = [wholeOf(length, 255), wholeOf(leeway, 5), textOf(end)];
  const ending = lengthOf(tail)!;
  if (most < ending) throw new TemplateError(`expected length >= ${ending}, got ${most}`);
  if (slack < 0) throw new TemplateError(`expected leeway >= 0, got ${slack}`);
  // What is short enough comes back as it is, whatever it is.
  if ((lengthOf(value) ?? Infinity) <= most + slack) return value;
  const cut = [...textOf(value)].slice(0, most - ending).join('');
  const at = cut.lastIndexOf(' ');
  return (flagOf(kill) || at < 0 ? cut : cut.slice(0, at)) + tail;
};

const joined: Filter = (value, args, context) => {
  const [by = '', attribute = null] = bind('join', args, ['d', 'attribute']);
  const { standIns } = context.runtime;
  const get = attributeGetter(attribute, context.runtime);
  const parts = [...iterate(value)].map((part) => str(get(part), standIns));
  return join(str(by, standIns), parts, context.runtime);
};

const replaced: Filter = (value, args, { runtime }) => {
  const [old, by, most = null] = bind('replace', args, ['old', 'new', 'count'], 2);
  const [text, from, to] = [value, old!, by!].map((part) => str(part, runtime.standIns));
  return replace(text, from, to, most === null ? -1 : wholeOf(most, -1), runtime);
};

const escape: Filter = (value, args, { runtime }) => {
  bind('escape', args, []);
  return value instanceof Safe ? value : new Safe(escapeHtml(str(value, runtime.standIns)));
};

/** urllib's quote: bytes of UTF-8 that are no letters, digits or one of `plain`. */
const quoted = (text: string, plain: RegExp): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const c = String.fromCharCode(byte);
      return byte < 128 && plain.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

function urlEncode(value: Value, { runtime }: Context): string {
  const text = (part: Value): string => str(part, runtime.standIns);
  if (typeof value === 'string' || value === null || typeof value !== 'object') {
    return quoted(text(value), /[\w.~/-]/);
  }
  const form = (part: Value): string => quoted(text(part), /[\w.~ -]/).replaceAll(' ', '+');
  const pairs = value instanceof Dict ? value.entries() : pairsOf(value);
  return pairs.map(([key, item]) => `${form(key)}=${form(item)}`).join('&');
}

const format: Filter = (value, args, { runtime }) => {
  if (args.args.length > 0 && args.named.size > 0) {
    throw new TemplateError("can't handle positional and keyword arguments at the same time");
  }
  const values = args.named.size > 0 ? new Dict(args.named) : new Tuple(args.args);
  return percent(str(value, runtime.standIns), values, runtime);
};

/** markupsafe's striptags: without comments and tags, runs of white space as one blank. */
function stripTags(text: string, runtime: Runtime): string {
  const bare = without(without(text, '<!--', '-->', runtime), '<', '>', runtime);
  if (/&\w+;|&#/.test(bare)) throw new TemplateError('striptags of character references is not supported');
  return words(bare).join(' ');
}

function without(text: string, open: string, close: string, runtime: Runtime): string {
  let rest = text;
  for (let from = rest.indexOf(open); from >= 0; from = rest.indexOf(open)) {
    runtime.reserve(rest.length);
    const to = rest.indexOf(close, from);
    if (to < 0) return rest;
    rest = rest.slice(0, from) + rest.slice(to + close.length);
  }
  return rest;
}

export const textFilters: Record<string, Filter> = {
  capitalize: ofText('capitalize', capitalised),
  center: (value, args, { runtime }) => {
    const wide = wholeOf(bind('center', args, ['width'])[0], 80);
    const text = str(value, runtime.standIns);
    const missing = Math.max(0, wide - lengthOf(text)!);
    runtime.reserve(missing);
    const left = centred(missing, wide);
    return ' '.repeat(left) + text + ' '.repeat(missing - left);
  },
  e: escape,
  escape,
  forceescape: (value, _args, { runtime }) => new Safe(escapeHtml(str(value, runtime.standIns))),
  format,
  indent,
  join: joined,
  lower: ofText('lower', (text) => text.toLowerCase()),
  replace: replaced,
  safe: (value, _args, { runtime }) =>
    value instanceof Safe ? value : new Safe(str(value, runtime.standIns)),
  string: (value, args, { runtime }) => {
    bind('string', args, []);
    return value instanceof Safe ? value : str(value, runtime.standIns);
  },
  striptags: (value, args, { runtime }) => {
    bind('striptags', args, []);
    return new Safe(stripTags(str(value, runtime.standIns), runtime));
  },
  title: ofText('title', title),
  trim: (value, args, { runtime }) => {
    const [chars] = bind('trim', args, ['chars']);
    if (value instanceof Safe) return new Safe(stripped(value.text, chars, 'both'));
    return stripped(str(value, runtime.standIns), chars, 'both');
  },
  truncate,
  upper: ofText('upper', (text) => text.toUpperCase()),
  urlencode: (value, args, context) => {
    bind('urlencode', args, []);
    return urlEncode(value, context);
  },
  wordcount: (value, args, { runtime }) => {
    bind('wordcount', args, []);
    return BigInt((str(value, runtime.standIns).match(/[\p{L}\p{N}\p{M}_]+/gu) ?? []).length);
  },
};
