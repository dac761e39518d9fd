import type { Random } from '@selfjudge/base';
import { mutateBytes, rounds } from './bytes.js';

/** Text that stands in a document as it is. */
class Raw {
  constructor(readonly text: string) {}
}

/** An object with its keys in order, some of them perhaps twice. */
class Pairs {
  constructor(readonly entries: (readonly [string, unknown])[]) {}
}

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'toJSON',
  '',
  '0',
  'type',
  '\ud800',
];

/** Values of every type, and those at the edges of each. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2,
  0.5,
  1e308,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  new Raw('1e999'),
  new Raw('123456789012345678901234567890'),
  new Raw('-0'),
  new Raw('5e-324'),
  '',
  ' ',
  'x',
  '0',
  'none',
  '__proto__',
  'a\0b',
  '\r\n',
  '\ud800',
  '../x',
  '/',
  '{{',
  new Raw('"\\ud800"'),
  'é🙂'.repeat(50),
  [],
  {},
  [null],
  [[]],
  [0, 'a', {}],
  { a: 1 },
  { toString: 1 },
  [{ toString: 1, valueOf: 2 }],
  { type: 'Sequence' },
  new Raw('{"__proto__": {"a": 1}}'),
];

/**
 * A JSON document with one to four of its nodes changed, as text: a value replaced by one of another type or by another
 * part of the document, a key dropped, doubled or renamed; now and then deep nesting, a very long text, or bytes changed
 * in the text that results.
 */
export function mutateJson(document: unknown, random: Random, how: string[]): Buffer {
  let out = document;
  for (let n = rounds(random); n > 0; n--) out = mutateNode(out, document, random, how, '$');
  const bytes = Buffer.from(toText(out));
  return random.below(5) === 0 ? mutateBytes(bytes, random, how) : bytes;
}

/** The same as a value, for parsers of what JSON.parse or the like gave, with the size of its text. */
export function mutateValue(
  document: unknown,
  random: Random,
  how: string[],
): { value: unknown; size: number } {
  let out = document;
  for (let n = rounds(random); n > 0; n--) out = mutateNode(out, document, random, how, '$');
  const text = toText(out);
  return { value: JSON.parse(text), size: text.length };
}

function mutateNode(node: unknown, whole: unknown, random: Random, how: string[], path: string): unknown {
  const entries = entriesOf(node);
  if (entries === undefined || entries.length === 0 || random.below(5) === 0)
    return replacement(node, whole, random, how, path);
  const i = random.below(entries.length);
  const [key, value] = entries[i];
  const place = `${path}.${key.slice(0, 20)}`;
  const put = (...pairs: (readonly [string, unknown])[]) => {
    const changed = [...entries.slice(0, i), ...pairs, ...entries.slice(i + 1)];
    return Array.isArray(node) ? changed.map(([, inner]) => inner) : new Pairs(changed);
  };
  switch (random.below(12)) {
    case 0:
      how.push(`${place} dropped`);
      return put();
    case 1: {
      const second = random.below(2) === 0 ? value : replacement(value, whole, random, how, place);
      how.push(`${place} twice`);
      return put([key, value], [key, second]);
    }
    case 2: {
      const name = random.choice([...KEYS, entries[random.below(entries.length)][0]]);
      how.push(`${place} renamed to ${JSON.stringify(name)}`);
      return put([name, value]);
    }
    case 3: {
      const name = random.choice(KEYS);
      how.push(`${JSON.stringify(name)} beside ${place}`);
      return put([key, value], [name, replacement(value, whole, random, how, place)]);
    }
    default:
      return put([key, mutateNode(value, whole, random, how, place)]);
  }
}

function replacement(node: unknown, whole: unknown, random: Random, how: string[], path: string): unknown {
  const value = newValue(node, whole, random);
  how.push(`${path} becomes ${toText(value).slice(0, 60)}`);
  return value;
}

function newValue(node: unknown, whole: unknown, random: Random): unknown {
  switch (random.below(16)) {
    case 0:
      return somewhere(whole, random);
    case 1:
      return [node];
    case 2:
      return typeof node === 'string' ? [...node] : String(toText(node).slice(0, 40));
    case 3:
    case 4:
      if (typeof node === 'number')
        return random.choice([node + 1, node - 1, -node, node * 2, node / 2, node * 2 ** 20]);
      if (typeof node === 'string')
        return mutateBytes(Buffer.from(node), random, []).toString('latin1').slice(0, 2000);
      return random.choice(VALUES);
    case 5:
      if (random.below(40) === 0) return nested(random);
      if (random.below(40) === 0)
        return new Raw(JSON.stringify(random.choice(['a', '\0', '🙂', '[', ' ']).repeat(20_000)));
      return random.choice(VALUES);
    default:
      return random.choice(VALUES);
  }
}

function nested(random: Random): Raw {
  const depth = random.choice([100, 2000, 12_000]);
  return random.below(2) === 0
    ? new Raw('['.repeat(depth) + ']'.repeat(depth))
    : new Raw('{"a":'.repeat(depth) + '0' + '}'.repeat(depth));
}

/** A part of the document. */
function somewhere(node: unknown, random: Random): unknown {
  const entries = entriesOf(node);
  if (entries === undefined || entries.length === 0 || random.below(3) === 0) return node;
  return somewhere(random.choice(entries)[1], random);
}

function entriesOf(node: unknown): (readonly [string, unknown])[] | undefined {
  if (node instanceof Pairs) return node.entries;
  if (typeof node !== 'object' || node === null || node instanceof Raw) return undefined;
  return Object.entries(node);
}

function toText(node: unknown): string {
  if (node instanceof Raw) return node.text;
  if (Array.isArray(node)) return `[${node.map(toText).join(',')}]`;
  const entries = entriesOf(node);
  if (entries === undefined) return JSON.stringify(node) ?? 'null';
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${toText(value)}`).join(',')}}`;
}
