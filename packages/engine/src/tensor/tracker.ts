import { ArgumentError } from '@selfjudge/base';

/** What a tape knows of a tensor: its number. */
export interface Traced {
  readonly id: number;
}

/** What tensors see of the tape that runs. */
export interface Tracker {
  tracks(tensor: Traced): boolean;
  alias(other: Traced, tensor: Traced): void;
}

let current: Tracker | undefined;

/** Makes `tracker` the current one while `fn` runs. */
export function withTracker<T>(tracker: Tracker | undefined, fn: () => T): T {
  const outer = current;
  current = tracker;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

/** `other` is a new handle on the value of `tensor`: the tape follows both. */
export function aliased(other: Traced, tensor: Traced): void {
  current?.alias(other, tensor);
}

/** Throws when the tape follows `tensor`: `op` has no gradient, and losing one silently would be worse. */
export function assertUntracked(tensor: Traced | undefined, op: string): void {
  // What is no tensor is the op's to refuse.
  if (typeof tensor === 'object' && tensor !== null && current?.tracks(tensor)) {
    throw new ArgumentError('x', {
      where: op,
      expected: 'a tensor that needs no gradient',
      received: 'one that depends on a trained parameter of the running tape',
    });
  }
}
