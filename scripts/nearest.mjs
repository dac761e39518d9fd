// The known word that a mistyped one most likely means: what the packages' `nearest` says, for scripts that run before
// anything is built.

/** @returns {string | undefined} the word fewest edits away, undefined when none is close */
export function nearest(word, known) {
  const most = Math.max(2, Math.floor(word.length / 3));
  const near = [...known].map((candidate) => [candidate, edits(word.toLowerCase(), candidate.toLowerCase())]);
  return near.filter(([, distance]) => distance <= most).sort(([, a], [, b]) => a - b)[0]?.[0];
}

/** Letters to insert, delete or replace (Levenshtein). */
function edits(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
