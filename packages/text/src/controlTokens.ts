import { ArgumentError } from '@selfjudge/base';
import type { Piece } from './rendered.js';

/** All starts and ends of a control token are kept, so long ones would cost the square of their length. */
const LONGEST = 1024;

/** A token that only a template may write: a turn marker, BOS, EOS, ... */
export interface ControlToken {
  id: number;
  content: string;
  /** Whether it swallows white space before it, as the tokenizer's file says. */
  lstrip: boolean;
  /** Whether it swallows white space after it. */
  rstrip: boolean;
}

/** The control tokens of a tokenizer, and how their strings are found: leftmost first, then longest. */
export class ControlTokens {
  readonly #byContent = new Map<string, ControlToken>();
  readonly #byId = new Map<number, ControlToken>();
  /** A character that a content begins with. (An alternation of thousands of contents takes seconds to compile.) */
  readonly #first: RegExp | undefined;
  /** Lengths of contents, longest first. */
  #lengths = new Set<number>();
  /** All proper starts and ends of the contents. */
  readonly #starts = new Set<string>();
  readonly #ends = new Set<string>();
  #longest = 0;

  /** @throws ArgumentError for a token of more than 1024 characters */
  constructor(tokens: readonly ControlToken[]) {
    for (const token of tokens) {
      if (token.content.length > LONGEST) {
        throw new ArgumentError(`control token ${token.id}`, {
          where: 'Tokenizer',
          expected: `at most ${LONGEST} characters`,
          received: `${token.content.length} characters`,
        });
      }
      this.#byContent.set(token.content, token);
      this.#byId.set(token.id, token);
      this.#longest = Math.max(this.#longest, token.content.length);
      for (let n = 1; n < token.content.length; n++) {
        this.#starts.add(token.content.slice(0, n));
        this.#ends.add(token.content.slice(n));
      }
    }
    const first = new Set<string>();
    for (const content of this.#byContent.keys()) {
      if (content === '') continue;
      first.add(content[0].replace(/[\\\]^-]/, '\\$&'));
      this.#lengths.add(content.length);
    }
    this.#lengths = new Set([...this.#lengths].sort((a, b) => b - a));
    if (first.size > 0) this.#first = new RegExp(`[${[...first].join('')}]`, 'g');
  }

  get contents(): string[] {
    return [...this.#byContent.keys()];
  }

  ofId(id: number): ControlToken | undefined {
    return this.#byId.get(id);
  }

  ofContent(content: string): ControlToken | undefined {
    return this.#byContent.get(content);
  }

  /** `text` with every control-token string replaced by what `by` says. */
  replace(text: string, by: (content: string) => string): string {
    return this.split(text)
      .map((piece) => (piece.control === undefined ? piece.text : by(piece.text)))
      .join('');
  }

  /** `text` cut at its control-token strings. */
  split(text: string): Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    for (let at = this.#next(text, 0); at < text.length; at = this.#next(text, at)) {
      const token = this.#longestAt(text, at);
      if (token === undefined) {
        at++;
        continue;
      }
      if (at > end) pieces.push({ text: text.slice(end, at) });
      pieces.push({ text: token.content, control: token.id });
      at += token.content.length;
      end = at;
    }
    if (end < text.length) pieces.push({ text: text.slice(end) });
    return pieces;
  }

  /** Where a content may begin, from `from` on; the length of the text where none does. */
  #next(text: string, from: number): number {
    if (this.#first === undefined) return text.length;
    this.#first.lastIndex = from;
    return this.#first.exec(text)?.index ?? text.length;
  }

  #longestAt(text: string, at: number): ControlToken | undefined {
    for (const length of this.#lengths) {
      const token = this.#byContent.get(text.slice(at, at + length));
      if (token !== undefined) return token;
    }
    return undefined;
  }

  /** Whether text before `text` could make its start, or all of it, part of a control-token string. */
  completedByTextBefore(text: string): boolean {
    for (let n = 1; n < this.#longest; n++) if (this.#ends.has(text.slice(0, n))) return true;
    return text.length < this.#longest && this.contents.some((content) => content.includes(text));
  }

  /** Whether text after `text` could make its end part of a control-token string. */
  completedByTextAfter(text: string): boolean {
    for (let n = 1; n < this.#longest; n++) if (this.#starts.has(text.slice(-n))) return true;
    return false;
  }
}
