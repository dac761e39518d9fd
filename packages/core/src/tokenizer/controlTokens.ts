import type { Piece } from './rendered.js';

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
  readonly #pattern: RegExp | undefined;
  /** All proper starts and ends of the contents. */
  readonly #starts = new Set<string>();
  readonly #ends = new Set<string>();
  #longest = 0;

  constructor(tokens: readonly ControlToken[]) {
    for (const token of tokens) {
      this.#byContent.set(token.content, token);
      this.#byId.set(token.id, token);
      this.#longest = Math.max(this.#longest, token.content.length);
      for (let n = 1; n < token.content.length; n++) {
        this.#starts.add(token.content.slice(0, n));
        this.#ends.add(token.content.slice(n));
      }
    }
    // An alternation takes the first branch that fits, so the longest stand first.
    const branches = [...this.#byContent.keys()]
      .filter((content) => content !== '')
      .sort((a, b) => b.length - a.length)
      .map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    if (branches.length > 0) this.#pattern = new RegExp(branches.join('|'), 'g');
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
    return this.#pattern === undefined ? text : text.replace(this.#pattern, by);
  }

  /** `text` cut at its control-token strings. */
  split(text: string): Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of this.#pattern === undefined ? [] : text.matchAll(this.#pattern)) {
      if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
      pieces.push({ text: match[0], control: this.#byContent.get(match[0])!.id });
      end = match.index + match[0].length;
    }
    if (end < text.length) pieces.push({ text: text.slice(end) });
    return pieces;
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
