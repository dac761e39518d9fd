import { equal } from './compare.js';
import { TemplateError } from './errors.js';
import { Attributes, Callable, Tuple, Undefined, iterate, lengthOf, present, type Value } from './values.js';

/** `loop` inside a `for`. It reads one item ahead only when asked, as generators show. */
export class Loop extends Attributes {
  readonly typeName = 'LoopContext';
  readonly #of: Value;
  #iterator: Iterator<Value>;
  readonly #depth: number;
  #index = -1;
  #length?: number;
  #before?: Value;
  #current?: Value;
  #after?: Value;
  #changed?: Value;

  /**
   * @param depth loops of the same `recursive` tag around this one
   * @param recurse what `loop(items)` prints, of a `recursive` one
   */
  constructor(
    of: Value,
    depth: number,
    readonly recurse?: (items: Value) => string,
  ) {
    super();
    this.#of = of;
    this.#iterator = iterate(of)[Symbol.iterator]();
    this.#depth = depth;
  }

  /** @returns undefined behind the last item */
  next(): Value | undefined {
    const item = this.#peek();
    this.#after = undefined;
    if (item === undefined) return undefined;
    this.#index++;
    this.#before = this.#current;
    this.#current = item;
    return item;
  }

  #peek(): Value | undefined {
    if (this.#after !== undefined) return this.#after;
    const { done, value } = this.#iterator.next();
    this.#after = done === true ? undefined : (value as Value);
    return this.#after;
  }

  get length(): number {
    this.#length ??= lengthOf(this.#of);
    if (this.#length === undefined) {
      const ahead = this.#after === undefined ? 0 : 1;
      const rest: Value[] = [];
      for (let turn = this.#iterator.next(); turn.done !== true; turn = this.#iterator.next())
        rest.push(turn.value);
      this.#iterator = rest.values();
      this.#length = rest.length + this.#index + 1 + ahead;
    }
    return this.#length;
  }

  override attribute(name: string): Value | undefined {
    const whole = (value: number): bigint => BigInt(value);
    switch (name) {
      case 'index':
        return whole(this.#index + 1);
      case 'index0':
        return whole(this.#index);
      case 'revindex':
        return whole(this.length - this.#index);
      case 'revindex0':
        return whole(this.length - this.#index - 1);
      case 'first':
        return this.#index === 0;
      case 'last':
        return this.#peek() === undefined;
      case 'length':
      case '__len__':
        return whole(this.length);
      case 'depth':
        return whole(this.#depth + 1);
      case 'depth0':
        return whole(this.#depth);
      case 'previtem':
        return this.#index === 0 ? new Undefined('there is no previous item') : this.#before!;
      case 'nextitem':
        return present(this.#peek(), () => new Undefined('there is no next item'));
      case 'cycle':
        return new Callable(name, ({ args }) => {
          if (args.length === 0) throw new TemplateError('no items for cycling given');
          return args[this.#index % args.length];
        });
      case 'changed':
        return new Callable(name, ({ args }) => {
          const now = new Tuple(args);
          const changed = this.#changed === undefined || !equal(this.#changed, now);
          this.#changed = now;
          return changed;
        });
      default:
        return undefined;
    }
  }
}
