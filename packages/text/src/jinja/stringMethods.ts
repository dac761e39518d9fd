// The methods of str by name.
import { bind, flagOf, textOf, wholeOf } from './args.js';
import { capitalised, isLower, isUpper, swapCase, titled, TESTS_OF_TEXT } from './characters.js';
import { TemplateError } from './errors.js';
import { formatString, type Access } from './formatString.js';
import type { Runtime } from './runtime.js';
import {
  aligned,
  centred,
  count,
  expandTabs,
  find,
  hasEdge,
  join,
  partition,
  placeOf,
  replace,
  split,
  stripped,
} from './strings.js';
import { Dict, iterate, lengthOf, typeName, type Args, type Value } from './values.js';
import { splitLines } from './whitespace.js';

type Method = (text: string, args: Args, runtime: Runtime, access: Access) => Value;

const stripping =
  (name: string, sides: 'both' | 'start' | 'end'): Method =>
  (text, args) =>
    stripped(text, bind(name, args, ['chars'])[0], sides);

const bare =
  (name: string, change: (text: string) => Value): Method =>
  (text, args) => {
    bind(name, args, []);
    return change(text);
  };

const METHODS: Record<string, Method> = {
  capitalize: bare('capitalize', capitalised),
  casefold: bare('casefold', (text) => text.toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ')),
  center: (text, args, runtime) => aligned(text, args, 'center', runtime, centred),
  count,
  endswith: (text, args) => hasEdge(text, args, 'endswith'),
  expandtabs: (text, args, runtime) =>
    expandTabs(text, wholeOf(bind('expandtabs', args, ['tabsize'])[0], 8), runtime),
  find: (text, args) => find(text, args, false, 'find'),
  format: (text, args, runtime, access) => formatString(text, args, access, runtime),
  format_map: (text, args, runtime, access) => {
    const [values] = bind('format_map', args, ['mapping'], 1);
    if (!(values instanceof Dict))
      throw new TemplateError(`format_map takes a dict, not a ${typeName(values!)}`);
    const named = new Map(values.entries().map(([key, value]) => [textOf(key), value]));
    return formatString(text, { args: [], named }, access, runtime);
  },
  index: (text, args) => placeOf(text, args, false, 'index'),
  islower: bare('islower', isLower),
  isupper: bare('isupper', isUpper),
  join: (text, args, runtime) => {
    const [parts] = bind('join', args, ['iterable'], 1);
    return join(text, [...iterate(parts!)].map(textOf), runtime);
  },
  ljust: (text, args, runtime) => aligned(text, args, 'ljust', runtime, () => 0),
  lower: bare('lower', (text) => text.toLowerCase()),
  lstrip: stripping('lstrip', 'start'),
  partition: (text, args) => partition(text, args, false),
  removeprefix: (text, args) => {
    const part = textOf(bind('removeprefix', args, ['prefix'], 1)[0]!);
    return text.startsWith(part) ? text.slice(part.length) : text;
  },
  removesuffix: (text, args) => {
    const part = textOf(bind('removesuffix', args, ['suffix'], 1)[0]!);
    return part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text;
  },
  replace: (text, args, runtime) => {
    const [old, by, most] = bind('replace', args, ['old', 'new', 'count'], 2);
    return replace(text, textOf(old!), textOf(by!), wholeOf(most, -1), runtime);
  },
  rfind: (text, args) => find(text, args, true, 'rfind'),
  rindex: (text, args) => placeOf(text, args, true, 'rindex'),
  rjust: (text, args, runtime) => aligned(text, args, 'rjust', runtime, (missing) => missing),
  rpartition: (text, args) => partition(text, args, true),
  rsplit: (text, args) => split(text, args, true),
  rstrip: stripping('rstrip', 'end'),
  split: (text, args) => split(text, args, false),
  splitlines: (text, args) => splitLines(text, flagOf(bind('splitlines', args, ['keepends'])[0])),
  startswith: (text, args) => hasEdge(text, args, 'startswith'),
  strip: stripping('strip', 'both'),
  swapcase: bare('swapcase', swapCase),
  title: bare('title', titled),
  upper: bare('upper', (text) => text.toUpperCase()),
  zfill: (text, args, runtime) => {
    const missing = Math.max(0, wholeOf(bind('zfill', args, ['width'], 1)[0], 0) - lengthOf(text)!);
    runtime.reserve(missing);
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    return sign + '0'.repeat(missing) + text.slice(sign.length);
  },
};
for (const [name, test] of Object.entries(TESTS_OF_TEXT)) METHODS[name] = bare(name, test);

/** Methods that give bytes or tables of them: nothing that a chat template prints. */
const ABSENT = ['encode', 'maketrans', 'translate'];

/** A method of str by name. @returns undefined for what Python's str does not have */
export function stringMethod(name: string): Method | undefined {
  if (ABSENT.includes(name)) throw new TemplateError(`str.${name} is not supported`);
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
}
