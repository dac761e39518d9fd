// Filters of lists and dicts.
import { bind, flagOf, wholeOf } from '../args.js';
import { equal, less, sorted } from '../compare.js';
import { hasAttribute, attribute as attributeOf } from '../access.js';
import { TemplateError } from '../errors.js';
import {
  Dict,
  DictView,
  Iter,
  Tuple,
  Undefined,
  iterate,
  keyOf,
  lengthOf,
  present,
  typeName,
  type Value,
} from '../values.js';
import { attributeGetter } from './attributes.js';
import type { Filter } from './types.js';

const length: Filter = (value, args) => {
  bind('length', args, []);
  const found = lengthOf(value);
  if (found === undefined) throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
  return BigInt(found);
};

/** What Python's reversed() takes. */
function reversible(value: Value): Value[] | undefined {
  if (value instanceof Iter) return undefined;
  return lengthOf(value) === undefined ? undefined : [...iterate(value)];
}

const sort: Filter = (value, args, { runtime }) => {
  const [reverse, caseSensitive, attribute = null] = bind('sort', args, [
    'reverse',
    'case_sensitive',
    'attribute',
  ]);
  const ignoreCase = !flagOf(caseSensitive);
  const names = typeof attribute === 'string' ? attribute.split(',') : [attribute];
  const getters = names.map((name) => attributeGetter(name, runtime, { ignoreCase }));
  return sorted([...iterate(value)], (item) => getters.map((get) => get(item)), flagOf(reverse));
};

const dictSort: Filter = (value, args) => {
  const [caseSensitive, by = 'key', reverse] = bind('dictsort', args, ['case_sensitive', 'by', 'reverse']);
  if (!(value instanceof Dict)) throw new TemplateError(`dictsort takes a dict, not a ${typeName(value)}`);
  if (by !== 'key' && by !== 'value') throw new TemplateError('You can only sort by either "key" or "value"');
  const at = by === 'key' ? 0 : 1;
  const key = (pair: Value): Value => {
    const part = (pair as Tuple).items[at];
    return typeof part === 'string' && !flagOf(caseSensitive) ? part.toLowerCase() : part;
  };
  const pairs = value.entries().map((pair) => new Tuple(pair));
  return sorted(pairs, key, flagOf(reverse));
};

const groupBy: Filter = (value, args, { runtime }) => {
  const [attribute, fallback = null, caseSensitive] = bind(
    'groupby',
    args,
    ['attribute', 'default', 'case_sensitive'],
    1,
  );
  const get = attributeGetter(attribute!, runtime, { fallback, ignoreCase: !flagOf(caseSensitive) });
  const shown = attributeGetter(attribute!, runtime, { fallback });
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted([...iterate(value)], get, false)) {
    const key = get(item);
    const last = groups.at(-1);
    if (last !== undefined && equal(last.key, key)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(({ items }) => new Tuple([shown(items[0]), items], ['grouper', 'list']));
};

const extreme =
  (name: 'min' | 'max'): Filter =>
  (value, args, { runtime }) => {
    const [caseSensitive, attribute = null] = bind(name, args, ['case_sensitive', 'attribute']);
    const get = attributeGetter(attribute, runtime, { ignoreCase: !flagOf(caseSensitive) });
    let best: Value | undefined;
    for (const item of iterate(value)) {
      const [a, b] = best === undefined ? [] : name === 'min' ? [item, best] : [best, item];
      if (a === undefined || less(get(a), get(b!), name === 'min' ? '<' : '>')) best = item;
    }
    return present(best, () => new Undefined('No aggregated item, sequence was empty.'));
  };

const unique: Filter = (value, args, { runtime }) => {
  const [caseSensitive, attribute = null] = bind('unique', args, ['case_sensitive', 'attribute']);
  const get = attributeGetter(attribute, runtime, { ignoreCase: !flagOf(caseSensitive) });
  function* run(): Iterator<Value> {
    const seen = new Set();
    for (const item of iterate(value)) {
      const key = keyOf(get(item));
      if (!seen.has(key)) yield item;
      seen.add(key);
    }
  }
  return new Iter(run());
};

const batch: Filter = (value, args, { runtime }) => {
  const [count, fill = null] = bind('batch', args, ['linecount', 'fill_with'], 1);
  const size = wholeOf(count, 0);
  function* run(): Iterator<Value> {
    let line: Value[] = [];
    for (const item of iterate(value)) {
      if (line.length === size) {
        yield line;
        line = [];
      }
      line.push(item);
    }
    if (line.length === 0) return;
    if (fill !== null && line.length < size) {
      runtime.reserve((size - line.length) * 8);
      line.push(...Array.from({ length: size - line.length }, () => fill));
    }
    yield line;
  }
  return new Iter(run());
};

const sliced: Filter = (value, args, { runtime }) => {
  const [count, fill = null] = bind('slice', args, ['slices', 'fill_with'], 1);
  const slices = wholeOf(count, 0);
  function* run(): Iterator<Value> {
    const items = [...iterate(value)];
    if (slices === 0) throw new TemplateError('integer division or modulo by zero');
    const each = Math.floor(items.length / slices);
    const longer = items.length - each * slices;
    let from = 0;
    for (let i = 0; i < slices; i++) {
      runtime.spend(1);
      const part = items.slice(from, (from += each + (i < longer ? 1 : 0)));
      if (fill !== null && i >= longer) part.push(fill);
      yield part;
    }
  }
  return new Iter(run());
};

export const collectionFilters: Record<string, Filter> = {
  attr: (value, args, { runtime }) => {
    const [name] = bind('attr', args, ['name'], 1);
    if (typeof name !== 'string') throw new TemplateError('attribute name must be string');
    if (value instanceof Undefined) return value.fail();
    if (hasAttribute(value, name, runtime)) return attributeOf(value, name, runtime);
    return new Undefined(`'${typeName(value)} object' has no attribute '${name}'`);
  },
  batch,
  count: length,
  dictsort: dictSort,
  first: (value, args) => {
    bind('first', args, []);
    for (const item of iterate(value)) return item;
    return new Undefined('No first item, sequence was empty.');
  },
  groupby: groupBy,
  items: (value, args) => {
    bind('items', args, []);
    function* run(): Iterator<Value> {
      if (value instanceof Undefined) return;
      if (!(value instanceof Dict)) throw new TemplateError('Can only get item pairs from a mapping.');
      yield* new DictView('items', value).list();
    }
    return new Iter(run());
  },
  last: (value, args) => {
    bind('last', args, []);
    const items = reversible(value);
    if (items === undefined) throw new TemplateError(`'${typeName(value)}' object is not reversible`);
    return present(items.at(-1), () => new Undefined('No last item, sequence was empty.'));
  },
  length,
  list: (value, args) => {
    bind('list', args, []);
    return [...iterate(value)];
  },
  max: extreme('max'),
  min: extreme('min'),
  reverse: (value, args) => {
    bind('reverse', args, []);
    if (typeof value === 'string') return [...value].reverse().join('');
    const items = reversible(value);
    if (items === undefined) return [...iterate(value)].reverse();
    return new Iter(items.reverse().values());
  },
  slice: sliced,
  sort,
  unique,
};
