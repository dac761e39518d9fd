/** Throws an ArgumentError that names `what` unless the value is what it should be. */
export interface Check {
  (value: unknown, what: string, where: string): void;
  /** Of a check by a predicate: the predicate. Asked first, so that no name is made for a part that is right. */
  accepts?: (value: unknown) => boolean;
}

/** Checks the arguments of the method `where`, each by its name, in order. */
export function check<K extends string>(
  where: string,
  values: Readonly<Record<K, unknown>>,
  checks: Readonly<Record<K, Check>>,
): void {
  for (const what in checks) checks[what](values[what], what, where);
}

type AnyFunction = (...values: never[]) => unknown;
type AsyncFunction = (...values: never[]) => Promise<unknown>;

/** A check that is made from all the arguments, for one that depends on another: as many lengths as there are pairs. */
interface DependentCheck<A extends readonly unknown[]> {
  from: (...values: A) => Check;
}

/** The check of each argument under its name, in order; trailing arguments may be left out. */
type ChecksOf<F extends AnyFunction> = Readonly<Record<string, Check | DependentCheck<Parameters<F>>>>;

/** A function's name. One that returns a promise gets none here: its callers expect a rejection, see `checkedAsync`. */
type NameOf<F extends AnyFunction> = ReturnType<F> extends Promise<unknown> ? never : string;

/**
 * `fn` as callers outside the workspace get it: throws an ArgumentError that names `where` and the argument unless each
 * argument is what its check wants. `fn` itself checks none of it, so that packages that have checked what they hand on
 * do not pay again.
 *
 * @param checks in the order of `fn`'s parameters; one that depends on others comes after them
 */
export function checked<F extends AnyFunction>(where: NameOf<F>, checks: ChecksOf<F>, fn: F): F {
  const check = checkerOf(where, checks);
  return named(where, (...values: Parameters<F>) => {
    check(values);
    return fn(...values);
  }) as F;
}

/** `checked` of a function that returns a promise, which is rejected for a wrong argument. */
export function checkedAsync<F extends AsyncFunction>(where: string, checks: ChecksOf<F>, fn: F): F {
  const check = checkerOf(where, checks);
  return named(where, async (...values: Parameters<F>) => {
    check(values);
    return fn(...values);
  }) as F;
}

function checkerOf<F extends AnyFunction>(
  where: string,
  checks: ChecksOf<F>,
): (values: Parameters<F>) => void {
  const all = Object.entries(checks);
  return (values) => {
    for (const [i, [what, one]] of all.entries()) {
      const check = typeof one === 'function' ? one : one.from(...values);
      check(values[i], what, where);
    }
  };
}

/** Stacks and printed values name the function. */
const named = <F extends object>(name: string, fn: F): F =>
  Object.defineProperty(fn, 'name', { value: name });
