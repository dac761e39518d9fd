// a.b, a[b] and a[b:c], as Jinja2's sandbox reads them.
import { bind } from './args.js';
import { asNumber, equal } from './compare.js';
import { TemplateError } from './errors.js';
import type { Runtime } from './runtime.js';
import { stringMethod } from './stringMethods.js';
import {
  Attributes,
  Callable,
  Dict,
  DictView,
  Namespace,
  Range,
  Safe,
  Tuple,
  Undefined,
  present,
  typeName,
  type Args,
  type Value,
} from './values.js';
import { WIDE } from './whitespace.js';

/** What changes a list or dict: the sandbox lets no template do it. */
const CHANGING: Record<string, readonly string[]> = {
  list: ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'],
  dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
};
/** Attributes of Python's types that nothing here needs. */
const ABSENT: Record<string, readonly string[]> = {
  int: 'as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes'.split(
    ' ',
  ),
  float: 'as_integer_ratio conjugate fromhex hex imag is_integer real'.split(' '),
  dict: ['fromkeys'],
};
ABSENT.bool = ABSENT.int;

/** `of.name`: an attribute, else the item of that name, else undefined. */
export function attribute(of: Value, name: string, runtime: Runtime): Value {
  if (of instanceof Undefined) return of.fail();
  const found = ownAttribute(of, name, runtime);
  if (found !== undefined) return found;
  return present(of instanceof Dict ? of.get(name) : undefined, () => missing(of, name));
}

/** `of[key]`: an item, else the attribute of that name, else undefined. */
export function item(of: Value, key: Value, runtime: Runtime): Value {
  if (of instanceof Undefined) return of.fail();
  const found = ownItem(of, key);
  if (found !== undefined || typeof key !== 'string') return present(found, () => missing(of, key));
  return present(ownAttribute(of, key, runtime), () => missing(of, key));
}

/** Whether `of` has an attribute, leaving items aside. */
export function hasAttribute(of: Value, name: string, runtime: Runtime): boolean {
  return !(of instanceof Undefined) && ownAttribute(of, name, runtime) !== undefined;
}

const missing = (of: Value, key: Value): Undefined =>
  new Undefined(
    typeof key === 'string'
      ? `'${typeName(of)} object' has no attribute '${key}'`
      : `${typeName(of)} object has no element ${String(key)}`,
  );

function ownItem(of: Value, key: Value): Value | undefined {
  if (of instanceof Dict) {
    if (Array.isArray(key) || key instanceof Dict) return undefined;
    return of.get(key);
  }
  const at = asNumber(key);
  if (typeof at !== 'bigint') return undefined;
  if (typeof of === 'string' && !WIDE.test(of)) return of.at(Number(at));
  return itemsOf(of)?.at(Number(at)) as Value | undefined;
}

/** What can be counted through by places; characters of a string. */
function itemsOf(of: Value): readonly Value[] | undefined {
  if (typeof of === 'string') return WIDE.test(of) ? [...of] : of.split('');
  if (of instanceof Safe) return itemsOf(of.text);
  if (of instanceof Tuple) return of.items;
  if (of instanceof Range) return of.list();
  return Array.isArray(of) ? of : undefined;
}

function ownAttribute(of: Value, name: string, runtime: Runtime): Value | undefined {
  if (/^__\w+__$/.test(name)) return new Undefined(`access to attribute '${name}' is unsafe.`);
  const type = typeName(of);
  if (CHANGING[type]?.includes(name))
    return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`);
  if (ABSENT[type]?.includes(name)) throw new TemplateError(`${type}.${name} is not supported`);
  const method = (call: (args: Args) => Value): Callable => new Callable(name, call);
  if (typeof of === 'string') {
    const found = stringMethod(name);
    const access = (value: Value, key: Value, dotted: boolean): Value =>
      dotted ? attribute(value, key as string, runtime) : item(value, key, runtime);
    return found && method((args) => found(of, args, runtime, access));
  }
  if (of instanceof Safe && stringMethod(name) !== undefined) {
    throw new TemplateError(`${name} of a text that is marked safe is not supported`);
  }
  if (of instanceof Callable) throw new TemplateError(`attributes of functions are not supported: '${name}'`);
  if (of instanceof Namespace) return of.attributes.get(name);
  if (of instanceof Attributes) return of.attribute(name);
  if (of instanceof Tuple && of.names.includes(name)) return of.items[of.names.indexOf(name)];
  if (of instanceof Dict) return dictMethod(of, name);
  if (name === 'mapping' && of instanceof DictView) return of.of;
  if (Array.isArray(of) || of instanceof Tuple || of instanceof Range) return listMethod(of, name);
  return undefined;
}

function dictMethod(of: Dict, name: string): Callable | undefined {
  switch (name) {
    case 'keys':
    case 'values':
    case 'items':
      return new Callable(name, (args) => {
        bind(name, args, []);
        return new DictView(name, of);
      });
    case 'get':
      return new Callable(name, (args) => {
        const [key, absent = null] = bind(name, args, ['key', 'default'], 1);
        return present(of.get(key!), () => absent);
      });
    case 'copy':
      return new Callable(name, (args) => {
        bind(name, args, []);
        return new Dict(of.entries());
      });
    default:
      return undefined;
  }
}

function listMethod(of: Value[] | Tuple | Range, name: string): Callable | undefined {
  const items = itemsOf(of)!;
  const same = (value: Value) => (other: Value) => other === value || equal(other, value);
  switch (name) {
    case 'count':
      return new Callable(name, (args) => {
        const [value] = bind(name, args, ['value'], 1);
        return BigInt(items.filter(same(value!)).length);
      });
    case 'index':
      return new Callable(name, (args) => {
        const [value, start] = bind(name, args, ['value', 'start'], 1);
        const from = start === undefined ? 0 : Number(start as bigint);
        const at = items.findIndex(
          (other, i) => i >= (from < 0 ? from + items.length : from) && same(value!)(other),
        );
        if (at < 0) throw new TemplateError('the value is not in the list');
        return BigInt(at);
      });
    case 'copy':
      return Array.isArray(of) ? new Callable(name, () => [...of]) : undefined;
    default:
      return undefined;
  }
}

/** `of[start:stop:step]`. */
export function slice(of: Value, bounds: readonly (Value | undefined)[]): Value {
  if (of instanceof Undefined) return of.fail();
  const narrow = typeof of === 'string' && !WIDE.test(of);
  const items = narrow ? of : itemsOf(of);
  if (items === undefined) throw new TemplateError(`'${typeName(of)}' object is not subscriptable`);
  const [start, stop, step] = bounds.map((bound) => {
    if (bound === undefined || bound === null) return undefined;
    const whole = asNumber(bound);
    if (typeof whole !== 'bigint') throw new TemplateError('slice indices must be integers or None');
    return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number(whole), Number.MAX_SAFE_INTEGER));
  });
  const by = step ?? 1;
  if (by === 0) throw new TemplateError('slice step cannot be zero');
  const { length } = items;
  const [least, most] = by > 0 ? [0, length] : [-1, length - 1];
  const place = (at: number | undefined, absent: number): number =>
    at === undefined ? absent : Math.max(least, Math.min(at < 0 ? at + length : at, most));
  const from = place(start, by > 0 ? 0 : length - 1);
  const to = place(stop, by > 0 ? length : -1);
  if (narrow && by === 1) return of.slice(from, Math.max(from, to));
  const taken: Value[] = [];
  for (let at = from; by > 0 ? at < to : at > to; at += by) taken.push(items[at]);
  if (typeof of === 'string') return taken.join('');
  if (of instanceof Safe) return new Safe(taken.join(''));
  if (of instanceof Tuple) return new Tuple(taken);
  if (!(of instanceof Range)) return taken;
  const first = of.start + BigInt(from) * of.step;
  return new Range(first, of.start + BigInt(to) * of.step, of.step * BigInt(by));
}
