// What a command line gets wrong is said in one sentence.

/** Ends the program with its message and exit code 2. */
export class UsageError extends Error {}

/** Refuses a word that is not known, and names the nearest that is. @param what 'there is no op', say */
export async function assertKnown(word, known, what) {
  if (known.includes(word)) return;
  const { nearest } = await import('../packages/base/dist/index.js');
  const close = nearest(word, known);
  const hint = close === undefined ? `expected one of ${known.join(', ')}` : `the nearest is '${close}'`;
  throw new UsageError(`${what} '${word}', ${hint}`);
}

/** A whole number from 1 of an option's text. */
export function count(option, text) {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`--${option}: expected a whole number from 1, received '${text}'`);
  return Number(text);
}
