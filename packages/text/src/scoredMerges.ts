/**
 * The merges that a SentencePiece BPE vocabulary implies: each way to put a token together from two others, best score
 * first, then longer parts first. This is the order that Hugging Face's converter of GGUF files gives them.
 *
 * @param mergeable which tokens take part: not the control, byte and user-defined ones
 */
export function scoredMerges(
  tokens: readonly string[],
  scores: readonly number[],
  mergeable: readonly boolean[],
): [string, string][] {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (mergeable[id] && !ids.has(token)) ids.set(token, id);
  });
  return waysToMerge(ids)
    .sort(
      (a, b) => scores[b.id] - scores[a.id] || size(b.left) - size(a.left) || size(b.right) - size(a.right),
    )
    .map(({ left, right }) => [left, right]);
}

/** The same of all tokens, ranked by the id of what they make, then shorter parts first: as transformers 5 reads a tokenizer.model. */
export function vocabularyMerges(ids: ReadonlyMap<string, number>): [string, string][] {
  return waysToMerge(ids)
    .sort((a, b) => a.id - b.id || size(a.left) - size(b.left) || size(a.right) - size(b.right))
    .map(({ left, right }) => [left, right]);
}

/** In characters, as Python counts them. */
const size = (text: string) => Array.from(text).length;

/** Each way to put a token together from two others; those of one token by the ids of its parts. */
function waysToMerge(ids: ReadonlyMap<string, number>): { left: string; right: string; id: number }[] {
  // Cuts are tried only where both parts have the length of some token: there are few lengths, however long a token is.
  const known = new Set(Array.from(ids.keys(), (token) => token.length));
  const lengths = [...known].filter((length) => length > 0).sort((a, b) => a - b);
  const merges: { left: string; right: string; id: number }[] = [];
  for (const [token, id] of ids) {
    const own: { left: string; right: string; id: number }[] = [];
    for (const length of lengths) {
      if (length >= token.length) break;
      if (!known.has(token.length - length)) continue;
      const left = token.slice(0, length);
      const right = token.slice(length);
      if (ids.has(left) && ids.has(right)) own.push({ left, right, id });
    }
    own.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
    merges.push(...own);
  }
  return merges;
}
