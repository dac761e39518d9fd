import { isObject } from './tokenizerFiles.js';
import type { BpeJson } from './tokenizerFiles.js';

/** What the merges of a model make, found once: Gemma has half a million of them and asks for six thousand tokens. */
const MADE = new WeakMap<object, ReadonlySet<string>>();

/**
 * Whether ordinary text makes a token of the vocabulary: it is one character, or a merge makes it. Such a token cannot be
 * kept out of text, whatever name a config gives it (a pad token '!').
 */
export function isTextToken(model: BpeJson, content: string): boolean {
  if (!isObject(model) || !isObject(model.vocab) || !Object.hasOwn(model.vocab, content)) return false;
  if (Array.from(content).length === 1) return true;
  // The file has not been checked yet: what is no merge makes nothing.
  return Array.isArray(model.merges) && madeBy(model.merges).has(content);
}

function madeBy(merges: readonly unknown[]): ReadonlySet<string> {
  const known = MADE.get(merges);
  if (known !== undefined) return known;
  const made = new Set<string>();
  for (const merge of merges) {
    if (typeof merge === 'string') made.add(merge.replace(' ', ''));
    else if (Array.isArray(merge) && merge.every((part) => typeof part === 'string'))
      made.add(merge.join(''));
  }
  MADE.set(merges, made);
  return made;
}
