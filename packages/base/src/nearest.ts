import { check, iterable, text } from './checks.js';

/** Edits (insert, delete, replace a letter) that turn one word into another (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** The known word a mistyped one most likely means; undefined when none is close. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  check('nearest', { word, known }, { word: text, known: iterable });
  let best: string | undefined;
  let distance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    text(candidate, 'known', 'nearest');
    // So many edits it takes at least; a word of any length is compared with those of about its own alone.
    if (Math.abs(candidate.length - word.length) >= distance) continue;
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (d < distance) [best, distance] = [candidate, d];
  }
  return best;
}
