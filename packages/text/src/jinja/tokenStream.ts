import { TemplateSyntaxError } from './errors.js';
import { tokenise, type Token } from './lexer.js';

/** Expressions and tags inside each other: each takes a frame of the stack, here and where they are evaluated. */
export const MOST_LEVELS = 300;

/** The tokens of a template, one after another. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #level = 0;

  /** @throws TemplateSyntaxError */
  constructor(source: string) {
    this.#tokens = tokenise(source);
  }

  get current(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
  }

  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)];
  }

  next(): Token {
    const token = this.current;
    this.#at++;
    return token;
  }

  is(type: 'operator' | 'name', ...texts: string[]): boolean {
    return this.current.type === type && texts.includes(this.current.text);
  }

  /** Takes the token if it is this one. */
  skip(type: 'operator' | 'name', text: string): boolean {
    const found = this.is(type, text);
    if (found) this.#at++;
    return found;
  }

  expect(type: Token['type'], text?: string): Token {
    const token = this.current;
    if (token.type !== type || (text !== undefined && token.text !== text)) {
      this.fail(`expected ${text === undefined ? describe(type) : `'${text}'`}, got ${this.described()}`);
    }
    return this.next();
  }

  described(): string {
    const { type, text } = this.current;
    return text === '' ? describe(type) : `'${text}'`;
  }

  /** What `parse` makes, one level further in. */
  nested<T>(parse: () => T): T {
    if (++this.#level > MOST_LEVELS) this.fail(`the template nests more than ${MOST_LEVELS} levels`);
    const result = parse();
    this.#level--;
    return result;
  }

  fail(message: string): never {
    throw new TemplateSyntaxError(message, this.current.line);
  }
}

function describe(type: Token['type']): string {
  const names: Partial<Record<Token['type'], string>> = {
    eof: 'the end of the template',
    end: 'the end of the tag',
    text: 'text',
  };
  return names[type] ?? `a ${type}`;
}
