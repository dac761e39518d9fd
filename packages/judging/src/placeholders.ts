import { ConfigError, nearest } from '@selfjudge/base';

const WORD = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * Puts values in place of `{name}`, in one pass: a value that holds `{response_b}` is not replaced again, and other
 * braces of the text stay as they are.
 */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(WORD, (all, name: string) => (Object.hasOwn(values, name) ? values[name] : all));
}

/** Whether `text` has the placeholder `{name}`. */
export function holds(text: string, name: string): boolean {
  return text.includes(`{${name}}`);
}

/** @throws ConfigError naming the placeholder that `text` lacks, and what was probably meant to be it */
export function requirePlaceholders(key: string, text: string, names: readonly string[]): void {
  const found = [...text.matchAll(WORD)].map((match) => match[1]);
  for (const name of names) {
    if (found.includes(name)) continue;
    const others = found.filter((word) => !names.includes(word));
    const meant = nearest(name, others);
    throw new ConfigError({
      key,
      expected: `a text with {${name}}`,
      received:
        meant === undefined ? found.map((word) => `{${word}}`).join(', ') || 'no placeholder' : `{${meant}}`,
      ...(meant !== undefined && { nearest: `{${name}}` }),
    });
  }
}
