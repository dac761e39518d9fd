import { ConfigError } from '@selfjudge/base';
import { camelCase } from './naming.js';

/** Earlier words for keys and flags. They work for one release more, with a note. */
export const RENAMED: Readonly<Record<string, string>> = {
  model: 'model_name_or_path',
  template: 'judge_template',
};

/** Told of an earlier word once a process; the command prints it. */
export const renaming = {
  onNote: (note: string): void =>
    process.emitWarning(note, { type: 'DeprecationWarning', code: 'SJ_RENAMED' }),
};

const told = new Set<string>();

const IN_CAMEL_CASE = Object.fromEntries(
  Object.entries(RENAMED).map(([old, now]) => [camelCase(old), camelCase(now)]),
);

/** Keys of a configuration under today's words. @throws ConfigError when both words are there */
export const underTodaysKeys = <T>(given: Readonly<Record<string, T>>): Record<string, T> =>
  renamed(given, RENAMED);

/** Options of the API under today's words. @throws ConfigError when both words are there */
export const underTodaysNames = <T extends object>(given: T): T =>
  renamed({ ...given } as Record<string, unknown>, IN_CAMEL_CASE) as T;

function renamed<T>(
  given: Readonly<Record<string, T>>,
  words: Readonly<Record<string, string>>,
): Record<string, T> {
  const out = { ...given };
  for (const [old, now] of Object.entries(words)) {
    if (out[old] === undefined) {
      delete out[old];
      continue;
    }
    if (out[now] !== undefined)
      throw new ConfigError({
        key: old,
        expected: `one of ${old} and ${now}, which is its name today`,
        received: 'both',
      });
    out[now] = out[old];
    delete out[old];
    if (told.has(old)) continue;
    told.add(old);
    renaming.onNote(`${old} is called ${now} now; the old name works in this release`);
  }
  return out;
}
