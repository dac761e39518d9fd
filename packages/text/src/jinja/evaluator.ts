import { attribute, item, slice } from './access.js';
import { binary, signed } from './arithmetic.js';
import { contains, equal, less } from './compare.js';
import { TemplateError } from './errors.js';
import { filterNamed } from './filters.js';
import type { Context } from './filters/types.js';
import { Loop } from './loop.js';
import type { CallArguments, Comparison, Expr } from './nodes.js';
import { str } from './printing.js';
import type { Runtime } from './runtime.js';
import type { Scope } from './scope.js';
import { atMost, testNamed } from './tests.js';
import { unknown } from './validate.js';
import {
  Callable,
  Dict,
  Tuple,
  Undefined,
  isTrue,
  iterate,
  present,
  typeName,
  type Args,
  type Value,
} from './values.js';

export type Call = Extract<Expr, { type: 'call' }>;

/** Gives the values of expressions. */
export class Evaluator implements Context {
  constructor(readonly runtime: Runtime) {}

  /** @param text of the block whose filter this is */
  evaluate(node: Expr, scope: Scope, text?: string): Value {
    this.runtime.spend(1);
    const value = this.runtime.nested(() => this.#evaluate(node, scope, text));
    this.runtime.handle(value);
    return value;
  }

  #evaluate(node: Expr, scope: Scope, text?: string): Value {
    const of = (part: Expr): Value => this.evaluate(part, scope, text);
    switch (node.type) {
      case 'const':
        return node.value;
      case 'name':
        return present(scope.get(node.name), () => absentName(node.name));
      case 'list':
        return node.items.map(of);
      case 'tuple':
        return new Tuple(node.items.map(of));
      case 'dict':
        return new Dict(node.pairs.map(([key, value]) => [of(key), of(value)]));
      case 'attribute':
        return attribute(of(node.of), node.name, this.runtime);
      case 'item':
        return item(of(node.of), of(node.key), this.runtime);
      case 'slice':
        return slice(
          of(node.of),
          node.bounds.map((bound) => bound && of(bound)),
        );
      case 'call':
        return this.call(node, scope);
      case 'filter': {
        const value = node.of === undefined ? text! : of(node.of);
        return this.filter(node.name, value, this.#arguments(node, scope));
      }
      case 'test':
        return this.test(node.name, of(node.of), this.#arguments(node, scope));
      case 'binary':
        return binary(node.operator, of(node.left), of(node.right), this.runtime);
      case 'unary': {
        const value = of(node.of);
        return node.operator === 'not' ? !isTrue(value) : signed(node.operator, value);
      }
      case 'and': {
        const left = of(node.left);
        return isTrue(left) ? of(node.right) : left;
      }
      case 'or': {
        const left = of(node.left);
        return isTrue(left) ? left : of(node.right);
      }
      case 'concat':
        return node.items.map((part) => str(of(part), this.runtime.standIns)).join('');
      case 'compare': {
        let left = of(node.first);
        for (const [operator, part] of node.rest) {
          const right = of(part);
          if (!compare(operator, left, right)) return false;
          left = right;
        }
        return true;
      }
      case 'condition':
        if (isTrue(of(node.test))) return of(node.yes);
        if (node.no !== undefined) return of(node.no);
        return new Undefined('the inline if-expression evaluated to false and no else section was defined.');
    }
  }

  filter(name: string, value: Value, args: Args): Value {
    const filter = filterNamed(name);
    if (filter === undefined) throw unknown('filter', name);
    return filter(value, args, this);
  }

  test(name: string, value: Value, args: Args): boolean {
    const test = testNamed(name);
    if (test === undefined) throw unknown('test', name);
    return test(value, args, this.runtime);
  }

  /** @param caller the body of a call block */
  protected call(node: Call, scope: Scope, caller?: Callable): Value {
    const callee = this.evaluate(node.callee, scope);
    const { args, named } = this.#arguments(node, scope);
    if (callee instanceof Undefined) return callee.fail();
    if (callee instanceof Loop) {
      if (callee.recurse !== undefined && args.length === 1) return callee.recurse(args[0]);
      throw new TemplateError("The loop must have the 'recursive' marker to be called recursively.");
    }
    if (!(callee instanceof Callable))
      throw new TemplateError(`'${typeName(callee)}' object is not callable`);
    return callee.call({
      args,
      named: caller === undefined ? named : new Map([...named, ['caller', caller]]),
    });
  }

  #arguments({ args, named, rest, namedRest }: CallArguments, scope: Scope): Args {
    const values = args.map((arg) => this.evaluate(arg, scope));
    const byName = new Map(named.map(([name, value]) => [name, this.evaluate(value, scope)]));
    if (rest !== undefined) values.push(...iterate(this.evaluate(rest, scope)));
    if (namedRest !== undefined) {
      const given = this.evaluate(namedRest, scope);
      if (!(given instanceof Dict)) throw new TemplateError('argument after ** must be a mapping');
      for (const [name, value] of given.entries()) {
        if (typeof name !== 'string') throw new TemplateError('keywords must be strings');
        if (byName.has(name)) throw new TemplateError(`got multiple values for keyword argument '${name}'`);
        byName.set(name, value);
      }
    }
    return { args: values, named: byName };
  }
}

function absentName(name: string): Undefined {
  if (name === 'self') throw new TemplateError("'self' is not supported: a chat template inherits from none");
  return new Undefined(`'${name}' is undefined`);
}

function compare(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equal(left, right);
    case '!=':
      return !equal(left, right);
    case '<':
      return less(left, right);
    case '>':
      return less(right, left, '>');
    case '<=':
      return atMost(left, right, '<=');
    case '>=':
      return atMost(right, left, '>=');
    case 'in':
      return contains(right, left);
    default:
      return !contains(right, left);
  }
}
