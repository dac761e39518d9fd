import type { Tokenizer } from './tokenizer.js';

const PROBE =
  "It's 1,234.5 km (as of 2024):\n\n  naïve café — “straße”, 日本語, emoji 🙂\tdef f(x):\n    return x<<2";

/**
 * In what a tokenizer gives other ids than another does, in words; undefined where it does not: by what each id is, and
 * by the ids of a text that has of everything. Templates are not compared.
 */
export function tokenizerDifference(one: Tokenizer, other: Tokenizer): string | undefined {
  const [left, right] = [contentsOf(one), contentsOf(other)];
  for (const [id, content] of left) {
    const there = right.get(id);
    if (there !== undefined && there !== content)
      return `${id} is ${JSON.stringify(one.tokenText(id))} in one and ${JSON.stringify(other.tokenText(id))} in the other`;
  }
  const alone = [...left].filter(([id]) => !right.has(id)).length;
  const missing = [...right].filter(([id]) => !left.has(id)).length;
  if (alone + missing > 0) return `it has ${alone} ids that the other has not, and lacks ${missing} of its`;
  const [a, b] = [one.encode(PROBE), other.encode(PROBE)];
  const at = a.findIndex((id, i) => id !== b[i]);
  if (at < 0 && a.length === b.length) return undefined;
  return `the same text has ${a.length} ids in one and ${b.length} in the other, and they differ`;
}

function contentsOf({ files: { tokenizer } }: Tokenizer): Map<number, string> {
  const contents = new Map(Object.entries(tokenizer.model.vocab).map(([content, id]) => [id, content]));
  for (const { id, content } of tokenizer.added_tokens) contents.set(id, content);
  return contents;
}
