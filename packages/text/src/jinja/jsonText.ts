import { TemplateError } from './errors.js';
import { MOST_LEVELS } from './tokenStream.js';
import { Dict, type Value } from './values.js';

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?/iy;
const STRING = /"[^"\\\x00-\x1f]*(?:\\[^][^"\\\x00-\x1f]*)*"/y; // eslint-disable-line no-control-regex
const WORD = /null|true|false|NaN|-?Infinity/y;
const WORDS: Record<string, Value> = {
  null: null,
  true: true,
  false: false,
  NaN: Number.NaN,
  Infinity,
  '-Infinity': -Infinity,
};

/**
 * JSON as Python's json reads it: 1.0 is a float, 1 an int of any size, keys stay in order (JavaScript puts those like "1"
 * first), NaN and Infinity are numbers.
 * @param text what becomes of strings, keys among them
 * @throws TemplateError
 */
export function parseJson(json: string, text: (string: string) => string = (string) => string): Value {
  return new Reader(json, text).whole();
}

class Reader {
  #at = 0;
  #level = 0;

  constructor(
    readonly json: string,
    readonly text: (string: string) => string,
  ) {}

  whole(): Value {
    const value = this.#value();
    if (this.#at < this.json.length) this.#fail();
    return value;
  }

  #value(): Value {
    if (++this.#level > MOST_LEVELS) throw new TemplateError(`JSON of more than ${MOST_LEVELS} levels`);
    this.#take(SPACE);
    const value = this.#bare();
    this.#take(SPACE);
    this.#level--;
    return value;
  }

  #bare(): Value {
    const start = this.json[this.#at];
    if (start === '[') return this.#items(']', () => this.#value());
    if (start === '{') {
      return new Dict(
        this.#items('}', () => {
          this.#take(SPACE);
          const key = this.#string();
          this.#take(SPACE);
          if (this.json[this.#at++] !== ':') this.#fail();
          return [key, this.#value()];
        }),
      );
    }
    if (start === '"') return this.#string();
    const word = this.#take(WORD);
    if (word !== null) return WORDS[word[0]];
    const number = this.#take(NUMBER) ?? this.#fail();
    return number[1] === undefined && number[2] === undefined ? BigInt(number[0]) : Number(number[0]);
  }

  #items<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    this.#at++;
    this.#take(SPACE);
    if (this.json[this.#at] === close) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(item());
      const next = this.json[this.#at++];
      if (next === close) return items;
      if (next !== ',') this.#fail();
    }
  }

  #string(): string {
    const literal = this.#take(STRING) ?? this.#fail();
    return this.text(JSON.parse(literal[0]) as string);
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.json);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #fail(): never {
    throw new TemplateError(`no JSON at character ${this.#at}`);
  }
}
