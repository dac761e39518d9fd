import { isObject } from './tokenizerFiles.js';
import type { BpeJson } from './tokenizerFiles.js';

/**
 * Whether ordinary text makes a token of the vocabulary: it is one character, or a merge makes it. Such a token cannot be
 * kept out of text, whatever name a config gives it (a pad token '!').
 */
export function isTextToken(model: BpeJson, content: string): boolean {
  if (!isObject(model) || !isObject(model.vocab) || !Object.hasOwn(model.vocab, content)) return false;
  if (Array.from(content).length === 1) return true;
  // The file has not been checked yet: what is no merge makes nothing.
  const merges: unknown[] = Array.isArray(model.merges) ? model.merges : [];
  return merges.some((merge) => {
    if (typeof merge === 'string') return merge.replace(' ', '') === content;
    return (
      Array.isArray(merge) && merge.every((part) => typeof part === 'string') && merge.join('') === content
    );
  });
}
