import { TemplateSyntaxError } from './errors.js';
import { SPACE, strip } from './whitespace.js';
import { unescape } from './stringLiteral.js';

export type TokenType =
  'text' | 'begin' | 'print' | 'end' | 'name' | 'string' | 'number' | 'operator' | 'eof';

/** A stretch of a template: text, the bounds of a tag (`begin`, `print`, `end`), or what stands in one. */
export interface Token {
  readonly type: TokenType;
  /** The operator, name or text; a string without its quotes. */
  readonly text: string;
  /** Of a number. */
  readonly value?: bigint | number;
  readonly line: number;
}

const OPENING = /\{\{|\{%|\{#/g;
const SPACES = new RegExp(`[${SPACE}]+`, 'y');
const FLOAT = /(?<!\.)\d+(?:_\d+)*(?:(?:\.\d+(?:_\d+)*)?e[+-]?\d+(?:_\d+)*|\.\d+(?:_\d+)*)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const RAW = new RegExp(`\\{%([-+]?)[${SPACE}]*raw[${SPACE}]*(?:-%\\}[${SPACE}]*|%\\})`, 'y');
const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/**
 * The tokens of a template under trim_blocks and lstrip_blocks: a line that holds a block tag alone leaves nothing, and
 * the line end behind a block tag goes. Line ends of every kind are \n.
 * @throws TemplateSyntaxError
 */
export function tokenise(template: string): Token[] {
  return new Lexer(template).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** Where lines were last counted to. */
  #counted = 0;
  /** Whether what was read last ended a line. */
  #lineStarts = true;

  constructor(template: string) {
    const source = template.replace(/\r\n?/g, '\n');
    this.#source = source.endsWith('\n') ? source.slice(0, -1) : source;
  }

  run(): Token[] {
    const source = this.#source;
    while (this.#at < source.length) {
      OPENING.lastIndex = this.#at;
      const found = OPENING.exec(source);
      if (found === null) {
        this.#push('text', source.slice(this.#at));
        break;
      }
      const kind = found[0];
      const raw = kind === '{%' ? this.#match(RAW, found.index) : null;
      const sign = raw?.[1] ?? /[-+]?/.exec(source[found.index + 2] ?? '')![0];
      this.#text(this.#at, found.index, sign, kind === '{{');
      this.#at = found.index + (raw?.[0].length ?? 2 + sign.length);
      this.#lineStarts = source[this.#at - 1] === '\n';
      if (raw !== null) this.#raw();
      else if (kind === '{#') this.#comment();
      else this.#tag(kind === '{{' ? 'print' : 'begin');
    }
    this.#push('eof', '');
    return this.#tokens;
  }

  /** Template text before a tag, with the white space that the tag takes. */
  #text(from: number, to: number, sign: string, isPrint: boolean): void {
    let text = this.#source.slice(from, to);
    if (sign === '-') text = strip(text, 'end');
    else if (sign !== '+' && !isPrint) {
      const start = text.lastIndexOf('\n') + 1;
      const isIndent = start < text.length && strip(text.slice(start), 'end') === '';
      if ((start > 0 || this.#lineStarts) && isIndent) text = text.slice(0, start);
    }
    if (text !== '') this.#push('text', text);
  }

  #raw(): void {
    const end = new RegExp(
      `\\{%([-+]?)[${SPACE}]*endraw[${SPACE}]*(?:\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?)`,
      'g',
    );
    end.lastIndex = this.#at;
    const found = end.exec(this.#source);
    if (found === null) this.#fail('Missing end of raw directive');
    this.#text(this.#at, found!.index, found![1], false);
    this.#at = end.lastIndex;
    this.#lineStarts = this.#source[this.#at - 1] === '\n';
  }

  #comment(): void {
    const close = this.#source.indexOf('#}', this.#at);
    if (close < 0) this.#fail('Missing end of comment tag');
    // `{#-#}`: the sign may have been read as the opening's.
    const sign = close > this.#at ? this.#source[close - 1] : '';
    this.#at = close + 2;
    this.#afterTag(sign, true);
  }

  #tag(type: 'print' | 'begin'): void {
    this.#push(type, '');
    const close = type === 'print' ? '}}' : '%}';
    const brackets: string[] = [];
    for (;;) {
      const { sign, length } = this.#closing(close, type === 'begin');
      if (brackets.length === 0 && length > 0) {
        this.#push('end', '');
        this.#at += length;
        this.#afterTag(sign, type === 'begin');
        return;
      }
      this.#inTag(brackets);
      if (this.#at >= this.#source.length) {
        this.#push('eof', '');
        return;
      }
    }
  }

  #closing(close: string, plus: boolean): { sign: string; length: number } {
    const at = this.#at;
    if (this.#source.startsWith(close, at)) return { sign: '', length: 2 };
    const sign = this.#source[at] ?? '';
    const isSign = sign === '-' || (plus && sign === '+');
    return isSign && this.#source.startsWith(close, at + 1) ? { sign, length: 3 } : { sign: '', length: 0 };
  }

  /** What a tag's end takes of the text behind it. */
  #afterTag(sign: string, trims: boolean): void {
    if (sign === '-') this.#skipSpace();
    else if (sign !== '+' && trims && this.#source[this.#at] === '\n') this.#at++;
    this.#lineStarts = this.#source[this.#at - 1] === '\n';
  }

  #skipSpace(): void {
    this.#at += this.#match(SPACES)?.[0].length ?? 0;
  }

  /** One token of an expression, or white space. */
  #inTag(brackets: string[]): void {
    const take = (match: RegExpExecArray): string => {
      this.#at += match[0].length;
      return match[0];
    };
    let match: RegExpExecArray | null;
    if ((match = this.#match(SPACES)) !== null) take(match);
    else if ((match = this.#match(FLOAT)) !== null) {
      const value = Number(match[0].replaceAll('_', ''));
      this.#push('number', match[0], value);
      take(match);
    } else if ((match = this.#match(INTEGER)) !== null) {
      this.#push('number', match[0], BigInt(match[0].replaceAll('_', '').toLowerCase()));
      take(match);
    } else if ((match = this.#match(NAME)) !== null) {
      this.#push('name', match[0]);
      take(match);
    } else if ((match = this.#match(STRING)) !== null) {
      const text = unescape(match[0].slice(1, -1), (message) => this.#fail(message));
      this.#push('string', text);
      take(match);
    } else if ((match = this.#match(OPERATOR)) !== null) {
      const operator = match[0];
      if (operator in CLOSING) brackets.push(CLOSING[operator]);
      else if (operator === ')' || operator === ']' || operator === '}') {
        const expected = brackets.pop();
        if (expected !== operator) {
          this.#fail(`unexpected '${operator}'${expected === undefined ? '' : `, expected '${expected}'`}`);
        }
      }
      this.#push('operator', operator);
      take(match);
    } else if (this.#at < this.#source.length) {
      this.#fail(`unexpected character ${JSON.stringify(this.#source[this.#at])}`);
    }
  }

  #match(pattern: RegExp, at = this.#at): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.#source);
  }

  #push(type: TokenType, text: string, value?: bigint | number): void {
    this.#tokens.push({ type, text, value, line: this.#lineNow() });
  }

  #lineNow(): number {
    for (; this.#counted < this.#at; this.#counted++) if (this.#source[this.#counted] === '\n') this.#line++;
    return this.#line;
  }

  #fail(message: string): never {
    throw new TemplateSyntaxError(message, this.#lineNow());
  }
}
