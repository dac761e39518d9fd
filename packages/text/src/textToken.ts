import { isObject } from './tokenizerFiles.js';
import type { BpeJson } from './tokenizerFiles.js';

/**
 * Whether ordinary text makes a token of the vocabulary: it is one character, or a merge makes it. Such a token cannot be
 * kept out of text, whatever name a config gives it (a pad token '!').
 */
export function isTextToken(model: BpeJson, content: string): boolean {
  if (!isObject(model) || !isObject(model.vocab) || !Object.hasOwn(model.vocab, content)) return false;
  if (Array.from(content).length === 1) return true;
  const merges = Array.isArray(model.merges) ? model.merges : [];
  return merges.some(
    (merge) => (typeof merge === 'string' ? merge.replace(' ', '') : merge[0] + merge[1]) === content,
  );
}
