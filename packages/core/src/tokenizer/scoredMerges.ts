/**
 * The merges that a SentencePiece BPE vocabulary implies: each way to put a token together from two others, best score
 * first, then longer parts first. This is the order Hugging Face's converter gives them.
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
  const merges: { left: string; right: string; score: number }[] = [];
  for (const [token, id] of ids) {
    const characters = Array.from(token);
    const own: { left: string; right: string; score: number }[] = [];
    for (let i = 1; i < characters.length; i++) {
      const left = characters.slice(0, i).join('');
      const right = characters.slice(i).join('');
      if (ids.has(left) && ids.has(right)) own.push({ left, right, score: scores[id] });
    }
    own.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
    merges.push(...own);
  }
  // Lengths in characters, as Python counts them.
  const size = (text: string) => Array.from(text).length;
  merges.sort((a, b) => b.score - a.score || size(b.left) - size(a.left) || size(b.right) - size(a.right));
  return merges.map(({ left, right }) => [left, right]);
}
