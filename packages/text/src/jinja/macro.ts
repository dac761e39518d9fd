import { TemplateError } from './errors.js';
import type { Expr, Signature, Statement } from './nodes.js';
import { Scope } from './scope.js';
import { Callable, Dict, Tuple, Undefined, present, type Args, type Value } from './values.js';
import { mentions } from './validate.js';

/** What runs the bodies of macros. */
export interface Runner {
  evaluate(node: Expr, scope: Scope): Value;
  text(body: readonly Statement[], scope: Scope): string;
}

/** Names that a macro has when its body reads them. */
const SPECIAL = ['caller', 'kwargs', 'varargs'] as const;

/**
 * A macro, or the body of a call block: a function that gives the text it prints.
 * @param scope where it is defined: what it sees beside its parameters
 */
export function macro(
  {
    name,
    params,
    defaults,
    body,
  }: Signature & { readonly name: string; readonly body: readonly Statement[] },
  scope: Scope,
  runner: Runner,
): Callable {
  const [readsCaller, readsNamed, readsRest] = SPECIAL.map(
    (special) => !params.includes(special) && (mentions(body, special) || mentions(defaults, special)),
  );
  return new Callable(name, ({ args, named }: Args) => {
    const inner = new Scope(scope);
    const left = new Map(named);
    params.forEach((param, i) => {
      const value = i < args.length ? args[i] : left.get(param);
      if (i >= args.length) left.delete(param);
      const fallback = defaults[i - params.length + defaults.length] as Expr | undefined;
      const absent = (): Value =>
        fallback === undefined
          ? new Undefined(`parameter '${param}' was not provided`)
          : runner.evaluate(fallback, inner);
      inner.set(param, present(value, absent));
    });
    if (readsCaller) {
      inner.set(
        'caller',
        present(left.get('caller'), () => new Undefined('No caller defined')),
      );
      left.delete('caller');
    }
    if (readsNamed) inner.set('kwargs', new Dict(left));
    else if (left.size > 0) {
      const [surplus] = left.keys();
      throw new TemplateError(`macro '${name}' takes no keyword argument '${surplus}'`);
    }
    if (readsRest) inner.set('varargs', new Tuple(args.slice(params.length)));
    else if (args.length > params.length) {
      throw new TemplateError(`macro '${name}' takes not more than ${params.length} argument(s)`);
    }
    return runner.text(body, inner);
  });
}
