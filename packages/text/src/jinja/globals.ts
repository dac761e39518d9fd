// What templates may call without being given it.
import { bind, pairsOf, textOf } from './args.js';
import { asNumber } from './compare.js';
import { TemplateError } from './errors.js';
import { strftime } from './strftime.js';
import { Attributes, Callable, Dict, Namespace, Range, Tuple, type Args, type Value } from './values.js';
import { str } from './printing.js';

/** Numbers of a range at most; Jinja2's sandbox has the same bound. */
const LONGEST_RANGE = 100_000;

function range({ args, named }: Args): Value {
  const numbers = args.map(asNumber);
  if (
    named.size > 0 ||
    args.length === 0 ||
    args.length > 3 ||
    !numbers.every((n) => typeof n === 'bigint')
  ) {
    throw new TemplateError('range takes one to three whole numbers');
  }
  const [first, second, step = 1n] = numbers as bigint[];
  if (step === 0n) throw new TemplateError('range takes a step that is not 0');
  const made = second === undefined ? new Range(0n, first, 1n) : new Range(first, second, step);
  if (made.length > LONGEST_RANGE) throw new TemplateError(`a range of ${made.length} numbers`);
  return made;
}

/** dict(pairs, name=value). */
function dict({ args, named }: Args): Dict {
  if (args.length > 1) throw new TemplateError(`dict expected at most 1 argument, got ${args.length}`);
  const [given] = args;
  const made = new Dict(given instanceof Dict ? given.entries() : given === undefined ? [] : pairsOf(given));
  for (const [name, value] of named) made.set(name, value);
  return made;
}

function namespace(args: Args): Namespace {
  const made = new Namespace();
  for (const [name, value] of dict(args).entries()) made.set(textOf(name), value);
  return made;
}

class Cycler extends Attributes {
  readonly typeName = 'Cycler';
  readonly #items: readonly Value[];
  #at = 0;

  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) throw new TemplateError('at least one item has to be provided');
    this.#items = items;
  }

  override attribute(name: string): Value | undefined {
    if (name === 'items') return new Tuple(this.#items);
    if (name === 'pos') return BigInt(this.#at);
    if (name === 'current') return this.#items[this.#at];
    if (name === 'next') {
      return new Callable(name, () => {
        const item = this.#items[this.#at];
        this.#at = (this.#at + 1) % this.#items.length;
        return item;
      });
    }
    if (name !== 'reset') return undefined;
    return new Callable(name, () => {
      this.#at = 0;
      return null;
    });
  }
}

function joiner(args: Args): Callable {
  const [separator = ', '] = bind('joiner', args, ['sep']);
  let used = false;
  return new Callable('joiner', () => {
    const text = used ? separator : '';
    used = true;
    return text;
  });
}

/** @param now the moment that `strftime_now` tells, in the local time zone */
export function globals(now: Date): Map<string, Value> {
  const functions: Record<string, (args: Args) => Value> = {
    range,
    dict,
    namespace,
    cycler: ({ args }) => new Cycler(args),
    joiner,
    lipsum: () => {
      throw new TemplateError('lipsum is chance, which no prompt is made of');
    },
    raise_exception: (args) => {
      const [message] = bind('raise_exception', args, ['message'], 1);
      throw new TemplateError(str(message!));
    },
    strftime_now: (args) => strftime(textOf(bind('strftime_now', args, ['format'], 1)[0]!), now),
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, new Callable(name, call)]));
}
