// What the rendering under way may still take. A rendering is one call without waits, so that there is one at a time; what
// goes through values deep inside (==, repr, keys) counts its work here and needs not be handed the count.

/** Items of a value that count as one step. */
export const ITEMS_A_STEP = 8;

let spender: (steps: number) => void = () => {};

/** Counts work on a value: as many steps, in the rendering under way. @throws TemplateError when it has taken too many */
export const work = (steps: number): void => spender(steps);

/** What `run` gives, with its work counted by `spend`. */
export function counting<T>(spend: (steps: number) => void, run: () => T): T {
  const before = spender;
  spender = spend;
  try {
    return run();
  } finally {
    spender = before;
  }
}
