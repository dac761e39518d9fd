// White space and line ends as Python's str and re see them; JavaScript's \s and trim differ in U+001C to U+001F, U+0085
// and U+FEFF.

/** What `str.isspace` and `\s` hold for, as the inside of a character class. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const ONE_SPACE = new RegExp(`[${SPACE}]`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g; // eslint-disable-line no-control-regex

export const isSpace = (character: string): boolean => ONE_SPACE.test(character);

/** `text` without what `drop` holds for at its ends. (A regular expression of `\s+$` takes the square of long space.) */
export function strip(
  text: string,
  sides: 'both' | 'start' | 'end',
  drop: (character: string) => boolean = isSpace,
): string {
  const wide = WIDE.test(text) ? [...text] : text;
  let start = 0;
  let end = wide.length;
  if (sides !== 'end') while (start < end && drop(wide[start])) start++;
  if (sides !== 'start') while (end > start && drop(wide[end - 1])) end--;
  return typeof wide === 'string' ? wide.slice(start, end) : wide.slice(start, end).join('');
}

/** Whether a text has characters of two units, whose places Python counts once. */
export const WIDE = /[\ud800-\udfff]/;

/** `str.splitlines`. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let from = 0;
  for (const match of text.matchAll(LINE_END)) {
    lines.push(text.slice(from, keepEnds ? match.index + match[0].length : match.index));
    from = match.index + match[0].length;
  }
  if (from < text.length) lines.push(text.slice(from));
  return lines;
}

/** Runs of characters that are no white space: `str.split()`. */
export function words(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '');
}

const SPACES = new RegExp(`[${SPACE}]+`);
