const ESCAPE = /\\(?:\n|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|[^])/g;
const NAMED: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * The text of a string literal, by Python's rules: an escape that it does not know stays as it stands.
 * @param fail told what no Python string may hold
 */
export function unescape(literal: string, fail: (message: string) => never): string {
  if (!literal.includes('\\')) return literal;
  return literal.replace(ESCAPE, (escape) => {
    const kind = escape[1];
    if (Object.hasOwn(NAMED, kind)) return NAMED[kind];
    if (/[0-7]/.test(kind)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 8));
    if (/[xuU]/.test(kind)) {
      const code = escape.length > 2 ? Number.parseInt(escape.slice(2), 16) : Number.NaN;
      if (!(code <= 0x10ffff)) fail(`no character is written as ${escape} in a string`);
      return String.fromCodePoint(code);
    }
    if (kind === 'N') fail('characters by name (\\N) are not read here; write \\u and four digits');
    return escape;
  });
}
