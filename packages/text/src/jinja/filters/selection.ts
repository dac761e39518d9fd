// map, select, reject and those of attributes: generators, which are gone through once.
import { TemplateError } from '../errors.js';
import { Iter, isTrue, iterate, present, type Args, type Value } from '../values.js';
import { attributeGetter } from './attributes.js';
import type { Context, Filter } from './types.js';

const map: Filter = (value, args, context) => {
  function* run(): Iterator<Value> {
    if (!isTrue(value)) return;
    const change = mapping(args, context);
    for (const item of iterate(value)) {
      context.runtime.spend(1);
      yield change(item);
    }
  }
  return new Iter(run());
};

/** What map does to each: reads an attribute, or calls a filter. */
function mapping({ args, named }: Args, context: Context): (value: Value) => Value {
  const attribute = named.get('attribute');
  if (args.length === 0 && attribute !== undefined) {
    for (const name of named.keys()) {
      if (name !== 'attribute' && name !== 'default')
        throw new TemplateError(`Unexpected keyword argument '${name}'`);
    }
    return attributeGetter(attribute, context.runtime, {
      fallback: present(named.get('default'), () => null),
    });
  }
  const [name, ...rest] = args;
  if (typeof name !== 'string') throw new TemplateError('map requires a filter argument');
  return (value) => context.filter(name, value, { args: rest, named });
}

/** @param ofAttribute whether the first argument names what is tested of each value; @param keep what the test must say */
const selecting =
  (ofAttribute: boolean, keep: boolean): Filter =>
  (value, args, context) => {
    function* run(): Iterator<Value> {
      if (!isTrue(value)) return;
      const test = testing(args, ofAttribute, context);
      for (const item of iterate(value)) {
        context.runtime.spend(1);
        if (test(item) === keep) yield item;
      }
    }
    return new Iter(run());
  };

function testing({ args, named }: Args, ofAttribute: boolean, context: Context): (value: Value) => boolean {
  if (ofAttribute && args.length === 0) throw new TemplateError('Missing parameter for attribute name');
  const get = ofAttribute ? attributeGetter(args[0], context.runtime) : (value: Value) => value;
  const [name, ...rest] = args.slice(ofAttribute ? 1 : 0);
  if (name === undefined) return (value) => isTrue(get(value));
  if (typeof name !== 'string') throw new TemplateError('a test is given by its name');
  return (value) => context.test(name, get(value), { args: rest, named });
}

export const selectionFilters: Record<string, Filter> = {
  map,
  reject: selecting(false, false),
  rejectattr: selecting(true, false),
  select: selecting(false, true),
  selectattr: selecting(true, true),
};
