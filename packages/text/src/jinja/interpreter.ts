import { TemplateError } from './errors.js';
import { Evaluator, type Call } from './evaluator.js';
import { Loop } from './loop.js';
import { macro, type Runner } from './macro.js';
import type { Statement, Target } from './nodes.js';
import { str } from './printing.js';
import type { Runtime } from './runtime.js';
import { Scope } from './scope.js';
import { Iter, Namespace, isTrue, iterate, type Value } from './values.js';

/** How a body ended, where it did not run through. */
type Exit = 'break' | 'continue' | undefined;
type For = Extract<Statement, { type: 'for' }>;

/** Runs a template's tree. */
export class Interpreter extends Evaluator implements Runner {
  readonly #root: Scope;

  /** @param variables the template's; it may set further ones beside them */
  constructor(runtime: Runtime, variables: Scope) {
    super(runtime);
    this.#root = new Scope(variables);
  }

  render(body: readonly Statement[]): string {
    return this.text(body, this.#root);
  }

  /** What a body prints. */
  text(body: readonly Statement[], scope: Scope): string {
    const out: string[] = [];
    this.#run(body, scope, out);
    return out.join('');
  }

  #run(body: readonly Statement[], scope: Scope, out: string[]): Exit {
    return this.runtime.nested(() => {
      for (const statement of body) {
        const exit = this.#statement(statement, scope, out);
        if (exit !== undefined) return exit;
      }
      return undefined;
    });
  }

  #statement(node: Statement, scope: Scope, out: string[]): Exit {
    this.runtime.spend(1);
    switch (node.type) {
      case 'text':
        this.#print(node.text, out);
        return undefined;
      case 'print':
        this.#print(str(this.evaluate(node.value, scope), this.runtime.standIns), out);
        return undefined;
      case 'if': {
        const branch = node.branches.find(({ test }) => isTrue(this.evaluate(test, scope)));
        return this.#run(branch?.body ?? node.otherwise, scope, out);
      }
      case 'for': {
        const list = this.evaluate(node.iterable, scope);
        return this.#for(node, list, scope, out, 0);
      }
      case 'set':
        this.#assign(node.target, this.evaluate(node.value, scope), scope);
        return undefined;
      case 'set block': {
        const inner = new Scope(scope);
        const text = this.text(node.body, inner);
        this.#assign(
          node.target,
          node.filter === undefined ? text : this.evaluate(node.filter, inner, text),
          scope,
        );
        return undefined;
      }
      case 'with': {
        const inner = new Scope(scope);
        for (const [target, value] of node.assignments)
          this.#assign(target, this.evaluate(value, scope), inner);
        return this.#run(node.body, inner, out);
      }
      case 'macro':
        scope.set(node.name, macro(node, scope, this));
        return undefined;
      case 'call block': {
        const caller = macro({ ...node, name: 'caller' }, scope, this);
        this.#print(str(this.call(node.call as Call, scope, caller), this.runtime.standIns), out);
        return undefined;
      }
      case 'filter block': {
        const inner = new Scope(scope);
        const text = this.text(node.body, inner);
        this.#print(str(this.evaluate(node.filter, inner, text), this.runtime.standIns), out);
        return undefined;
      }
      case 'block':
        this.#print(this.text(node.body, new Scope(node.scoped ? scope : this.#root)), out);
        return undefined;
      case 'generation':
        this.#print(this.text(node.body, new Scope(scope)), out);
        return undefined;
      case 'load':
        throw new TemplateError(
          `no loader for this environment specified: '${node.tag}' has nothing to read`,
        );
      default:
        return node.type;
    }
  }

  #print(text: string, out: string[]): void {
    this.runtime.reserve(text.length);
    out.push(text);
  }

  #for(node: For, list: Value, scope: Scope, out: string[], depth: number): Exit {
    const again = (items: Value): string => {
      const inner: string[] = [];
      this.#for(node, items, scope, inner, depth + 1);
      return inner.join('');
    };
    const items = node.filter === undefined ? list : this.#filtered(node, list, scope);
    const loop = new Loop(items, depth, node.recursive ? again : undefined);
    let turns = 0;
    for (let value = loop.next(); value !== undefined; value = loop.next()) {
      this.runtime.spend(1);
      const inner = new Scope(scope);
      inner.set('loop', loop);
      this.#assign(node.target, value, inner);
      const exit = this.#run(node.body, inner, out);
      if (exit === 'break') break;
      // As Jinja2's code does it: a turn that was left early is none for `else`.
      if (exit === undefined) turns++;
    }
    return turns === 0 ? this.#run(node.otherwise, new Scope(scope), out) : undefined;
  }

  /** `x in list if test`. */
  #filtered(node: For, list: Value, scope: Scope): Iter {
    const passes = (value: Value): boolean => {
      this.runtime.spend(1);
      const inner = new Scope(scope);
      this.#assign(node.target, value, inner);
      return isTrue(this.evaluate(node.filter!, inner));
    };
    function* run(): Iterator<Value> {
      for (const value of iterate(list)) if (passes(value)) yield value;
    }
    return new Iter(run());
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === 'name') scope.set(target.name, value);
    else if (target.type === 'namespace') {
      const space = scope.get(target.name);
      if (!(space instanceof Namespace))
        throw new TemplateError('cannot assign attribute on non-namespace object');
      space.set(target.attribute, value);
    } else {
      const items = [...iterate(value)];
      if (items.length !== target.items.length) {
        throw new TemplateError(`expected ${target.items.length} values to unpack, got ${items.length}`);
      }
      items.forEach((part, i) => this.#assign(target.items[i], part, scope));
    }
  }
}
