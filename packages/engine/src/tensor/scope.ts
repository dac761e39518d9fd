import { callback } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';

/** What a scope disposes: a tensor, as all that is on a device. */
export interface Disposable {
  dispose(): void;
}

/** Scopes of `tidy`, innermost last. Null: tensors made now belong to whoever makes them. */
const scopes: (Disposable[] | null)[] = [];

/** Called for every new tensor. */
export function collect(tensor: Disposable): void {
  scopes.at(-1)?.push(tensor);
}

/** Runs `fn` so that an enclosing `tidy` does not collect the tensors it makes: they have an owner of their own. */
export function owned<T>(fn: () => T): T {
  scopes.push(null);
  try {
    return fn();
  } finally {
    scopes.pop();
  }
}

/**
 * Runs `fn` and disposes the tensors made inside, except those in its result (in arrays, objects, maps and sets, at
 * any depth) and those that a tape or a weight keeps. `fn` must be synchronous; a promise is an ArgumentError. When
 * `fn` throws, everything made inside is disposed.
 */
export function tidy<T>(fn: () => T): T {
  callback(fn, 'fn', 'tidy');
  const made: Disposable[] = [];
  scopes.push(made);
  let result: T;
  try {
    result = fn();
    rejectPromise(result, 'tidy');
  } catch (error) {
    scopes.pop();
    for (const tensor of made) tensor.dispose();
    throw error;
  }
  scopes.pop();
  if (made.length > 0) {
    const kept = reachable(result, new Set());
    for (const tensor of made) {
      if (kept.has(tensor)) collect(tensor);
      else tensor.dispose();
    }
  }
  return result;
}

/** Runs `fn`; when it throws, disposes what it was to finish. */
export function orDispose<T>(unfinished: Iterable<Disposable | undefined>, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    for (const tensor of unfinished) tensor?.dispose();
    throw error;
  }
}

/** Throws when a function that must be synchronous returned a promise. */
export function rejectPromise(result: unknown, where: string): void {
  if (typeof (result as PromiseLike<unknown> | undefined | null)?.then === 'function') {
    throw new ArgumentError('fn', {
      where,
      expected: 'a synchronous function',
      received: 'one that returns a promise',
    });
  }
}

/** Every object that `value` leads to. */
function reachable(value: unknown, seen: Set<unknown>): Set<unknown> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value))
    return seen;
  seen.add(value);
  const parts =
    value instanceof Map
      ? [...value.keys(), ...value.values()]
      : value instanceof Set
        ? value
        : Object.values(value);
  for (const part of parts) reachable(part, seen);
  return seen;
}
