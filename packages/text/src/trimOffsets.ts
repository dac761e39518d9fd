import type { PlacedToken } from './plainText.js';
import type { Component } from './tokenizerFiles.js';

/** What is not counted to a token at its ends: spaces as a vocabulary of bytes writes them, and white space. */
const START = /^[Ġ\p{White_Space}]*/u;
const END = /[Ġ\p{White_Space}]*$/u;

/**
 * Places without the spaces that tokens begin or end with, where the post-processor of tokenizer.json asks for it as
 * Python's tokenizers do it: a ByteLevel with trim_offsets.
 * @param tokens strings by id, as the vocabulary has them
 * @param text that the places are of
 */
export function trimmed(
  placed: readonly PlacedToken[],
  text: string,
  post: Component | null,
  tokens: readonly string[],
): readonly PlacedToken[] {
  return postProcessors(post).reduce<readonly PlacedToken[]>(
    (all, { add_prefix_space: prefixed }) =>
      all.map((token, i) => {
        const isFirst = prefixed !== false && (i === 0 || token.from === 0);
        return trim(token, text, token.found ?? tokens[token.id], isFirst);
      }),
    placed,
  );
}

function postProcessors(post: Component | null): Component[] {
  const parts = post?.type === 'Sequence' ? (post.processors as Component[]) : post === null ? [] : [post];
  return parts.filter(({ type, trim_offsets: trims }) => type === 'ByteLevel' && trims !== false);
}

/** @param isFirst where one space may have been put before the text: that is not in it */
function trim(placed: PlacedToken, text: string, token: string, isFirst: boolean): PlacedToken {
  const { from, to } = placed;
  const spaces = START.exec(token)![0].length;
  const trailing = END.exec(token)![0].length;
  const start = Math.min(moved(text, from, isFirst && spaces === 1 ? 0 : spaces), to);
  return { ...placed, from: start, to: Math.max(moved(text, to, -trailing), start) };
}

/** A place so many code points farther, or back, within the text. */
function moved(text: string, at: number, by: number): number {
  let place = at;
  for (let i = 0; i < by; i++) place += text.codePointAt(place)! > 0xffff ? 2 : 1;
  for (let i = 0; i > by && place > 0; i--)
    place -= /[\udc00-\udfff]/.test(text[place - 1]) && place > 1 ? 2 : 1;
  return place;
}
