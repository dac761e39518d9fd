import type { AddedTokenJson } from './tokenizerFiles.js';

interface Node {
  next: Map<number, Node>;
  token?: AddedTokenJson;
}

/** A stretch of a text; with an id where it is an added token, and the white space that the token swallows. */
export interface Cut {
  from: number;
  to: number;
  id?: number;
}

export type Accepts = (token: AddedTokenJson, at: number) => boolean;
const everywhere: Accepts = () => true;

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, 'u');
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, 'u');
/** White space of Unicode, not JavaScript's. */
const SPACE = /^\p{White_Space}$/u;

/** Added tokens that text may hold, and where they stand in it: leftmost first, then longest, as Python's tokenizers find them. */
export class AddedTokens {
  readonly #root: Node = { next: new Map() };
  /** Whether a token begins with a UTF-16 unit of this lower byte: most text is told apart without a look into the tree. */
  readonly #first = new Uint8Array(1 << 8);
  readonly #any: boolean;

  /** @param tokens by the string to look for */
  constructor(tokens: Iterable<[content: string, token: AddedTokenJson]>) {
    let any = false;
    for (const [content, token] of tokens) {
      if (content === '') continue;
      this.#first[content.charCodeAt(0) & 0xff] = 1;
      let node = this.#root;
      for (let i = 0; i < content.length; i++) {
        const code = content.charCodeAt(i);
        let next = node.next.get(code);
        if (next === undefined) node.next.set(code, (next = { next: new Map() }));
        node = next;
      }
      node.token ??= token;
      any = true;
    }
    this.#any = any;
  }

  /**
   * The added tokens in `text`, and the stretches between them, none of them empty.
   * @param accepts whether a token may stand at a place; by default everywhere
   */
  cut(text: string, accepts: Accepts = everywhere): Cut[] {
    if (!this.#any) return text === '' ? [] : [{ from: 0, to: text.length }];
    const out: Cut[] = [];
    let end = 0;
    for (let at = 0; at < text.length;) {
      const found =
        this.#first[text.charCodeAt(at) & 0xff] === 0 ? undefined : this.#longestAt(text, at, accepts);
      if (found === undefined) {
        at++;
        continue;
      }
      const { token, length } = found;
      let [from, to] = [at, at + length];
      at = to;
      if (token.single_word === true && !standsAlone(text, from, to)) continue;
      if (token.lstrip === true) from = Math.max(from - spaceAtEnd(text, from), end);
      if (token.rstrip === true) to += spaceAtStart(text, to);
      if (from > end) out.push({ from: end, to: from });
      out.push({ from, to, id: token.id });
      end = to;
    }
    if (end < text.length) out.push({ from: end, to: text.length });
    return out;
  }

  #longestAt(
    text: string,
    at: number,
    accepts: Accepts,
  ): { token: AddedTokenJson; length: number } | undefined {
    let node = this.#root.next.get(text.charCodeAt(at));
    let token: AddedTokenJson | undefined;
    let length = 0;
    for (let i = at + 1; node !== undefined; i++) {
      if (node.token !== undefined && accepts(node.token, at)) [token, length] = [node.token, i - at];
      node = i < text.length ? node.next.get(text.charCodeAt(i)) : undefined;
    }
    return token === undefined ? undefined : { token, length };
  }
}

function standsAlone(text: string, from: number, to: number): boolean {
  return (
    !ENDS_WITH_WORD.test(text.slice(Math.max(0, from - 2), from)) &&
    !STARTS_WITH_WORD.test(text.slice(to, to + 2))
  );
}

/** How many white-space characters stand at `from` and behind. */
export function spaceAtStart(text: string, from = 0): number {
  let to = from;
  while (to < text.length && SPACE.test(text[to])) to++;
  return to - from;
}

/** How many white-space characters `text` ends with before `to`. */
export function spaceAtEnd(text: string, to = text.length): number {
  let from = to;
  while (from > 0 && SPACE.test(text[from - 1])) from--;
  return to - from;
}
