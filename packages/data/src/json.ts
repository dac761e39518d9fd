const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity\b|\bNaN\b/g;

/**
 * `JSON.parse` of text that may hold NaN, Infinity and -Infinity, which Python's json and pandas write for missing numbers
 * though they are not JSON. They become null.
 *
 * @throws SyntaxError as `JSON.parse` does
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const strict = withoutNonFinite(text);
    if (strict === text) throw error;
    return JSON.parse(strict);
  }
}

/** JSON with null in the place of numbers that are not finite. */
export function withoutNonFinite(text: string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  return text.replace(STRING_OR_NUMBER, (found) => (found.startsWith('"') ? found : 'null'));
}

const OPEN = new Set('[{');
const CLOSE = new Set(']}');
const SPACE = /^\s*$/;

/**
 * The texts of the elements of a JSON array, so that one that is broken does not cost the others.
 * @throws SyntaxError when the text is no array, or goes on after it
 */
export function* arrayElements(text: string): Generator<string> {
  let depth = 0;
  let start = text.indexOf('[') + 1;
  if (start === 0 || !SPACE.test(text.slice(0, start - 1))) throw new SyntaxError('no array');
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (OPEN.has(character)) depth++;
    else if (CLOSE.has(character) && depth > 0) depth--;
    else if (character === ']' || (character === ',' && depth === 0)) {
      const element = text.slice(start, at);
      // An array may be empty, and some writers leave a comma behind the last element.
      if (character === ',' || !SPACE.test(element)) yield element;
      start = at + 1;
      if (character === ',') continue;
      if (SPACE.test(text.slice(start))) return;
      throw new SyntaxError('the text goes on after the array');
    }
  }
  throw new SyntaxError('the array has no end');
}

/** Where the string that begins at `from` ends. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}
