import { ConfigError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';

/** `{{word}}`, which is text, or `{word}`, which a value takes the place of. */
const WORD = /\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * Puts values in place of `{name}`, in one pass: a value that holds `{response_b}` is not replaced again. `{{name}}` becomes the
 * text `{name}`; other braces stay as they are.
 */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(WORD, (all, literal: string | undefined, name: string) => {
    if (literal !== undefined) return `{${literal}}`;
    return Object.hasOwn(values, name) ? values[name] : all;
  });
}

/** Whether `text` has the placeholder `{name}`. */
export function holds(text: string, name: string): boolean {
  return placeholdersIn(text).includes(name);
}

const placeholdersIn = (text: string): string[] =>
  [...text.matchAll(WORD)].flatMap(([, , name]: (string | undefined)[]) => name ?? []);

const shown = (names: readonly string[]): string => names.map((name) => `{${name}}`).join(', ');

/** @throws ConfigError naming the placeholder that `text` lacks, and what was probably meant to be it */
export function requirePlaceholders(key: string, text: string, names: readonly string[]): void {
  const found = placeholdersIn(text);
  for (const name of names) {
    if (found.includes(name)) continue;
    const others = found.filter((word) => !names.includes(word));
    const meant = nearest(name, others);
    throw new ConfigError({
      key,
      expected: `a text with {${name}}`,
      received: meant === undefined ? shown(found) || 'no placeholder' : `{${meant}}`,
      ...(meant !== undefined && { nearest: `{${name}}` }),
    });
  }
}

/** @throws ConfigError naming a placeholder of `text` that nothing takes the place of */
export function refuseUnknown(key: string, text: string, known: readonly string[]): void {
  const unknown = placeholdersIn(text).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new ConfigError({
    key,
    expected: `no placeholder but ${shown(known)}; as text it is {{${unknown}}}`,
    received: `{${unknown}}`,
    ...(meant !== undefined && { nearest: `{${meant}}` }),
  });
}
