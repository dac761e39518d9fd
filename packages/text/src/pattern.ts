import { asClass, complement, intersection, union } from './codePoints.js';
import type { CodePoints } from './codePoints.js';
import { escapeSet, folded, hasLongFold, posixSet, property, word } from './characterClass.js';

/** V8 ends the process when it compiles a pattern of some thousand nested groups. */
const MOST_LEVELS = 64;

const CONTROLS: Readonly<Record<string, string>> = {
  n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', a: '\x07', e: '\x1b',
}; // prettier-ignore
const GROUPS = ['(?:', '(?=', '(?!', '(?<=', '(?<!'];
const START = '(?<![\\s\\S])';
const END = '(?![\\s\\S])';

/**
 * A pattern of tokenizer.json, which Python's tokenizers give to Oniguruma, as a JavaScript one that matches the same:
 * classes are written out as Unicode 16 has them, `(?i:` as all cases of each character, possessive and atomic groups as
 * a lookahead and its capture.
 *
 * @throws Error saying what is not supported
 */
export function fromOniguruma(source: string): RegExp {
  let pattern = translated.get(source);
  if (pattern === undefined) {
    pattern = new Translator(source).pattern();
    const [oldest] = translated.keys();
    if (translated.size === MOST_KEPT) translated.delete(oldest);
    translated.set(source, pattern);
  }
  return new RegExp(pattern, 'gu');
}

/** Written out, a pattern of a few words is a hundred thousand characters: what was translated last is kept. */
const translated = new Map<string, string>();
const MOST_KEPT = 16;

class Translator {
  readonly #source: string;
  #at = 0;
  #level = 0;
  #captures = 0;
  /** Characters that follow each other under (?i: literally. */
  #literal = '';

  constructor(source: string) {
    this.#source = source;
  }

  pattern(): string {
    const out = this.#alternatives(false);
    if (this.#at < this.#source.length) throw new Error(`')' without '(' at ${this.#at}`);
    return out;
  }

  #alternatives(ignoreCase: boolean): string {
    if (++this.#level > MOST_LEVELS) throw new Error(`more than ${MOST_LEVELS} groups inside each other`);
    const branches = [''];
    let fold = ignoreCase;
    this.#literal = '';
    while (this.#at < this.#source.length && !this.#sees(')')) {
      if (this.#takes('|')) {
        branches.push('');
        this.#literal = '';
        continue;
      }
      const option = /^\(\?(-?)i\)/.exec(this.#source.slice(this.#at, this.#at + 5));
      if (option !== null) {
        // What follows belongs to the option, alternatives too.
        this.#at += option[0].length;
        branches[branches.length - 1] += `(?:${this.#alternatives((fold = option[1] === ''))})`;
        continue;
      }
      branches[branches.length - 1] += this.#quantified(this.#atom(fold));
    }
    this.#level--;
    this.#literal = '';
    return branches.join('|');
  }

  #quantified(atom: string): string {
    let out = atom;
    for (;;) {
      const [text, sign, least, comma, most] =
        /^(?:([*+?])|\{(\d*)(,?)(\d*)\})/.exec(this.#source.slice(this.#at)) ?? [];
      if (text === undefined || text === '{}' || text === '{,}') return out;
      this.#at += text.length;
      this.#literal = '';
      const times = sign ?? `{${least || '0'}${comma}${most}}`;
      if (this.#takes('?')) out = `(?:${out}${times}?)`;
      else if (sign !== undefined && this.#takes('+')) out = this.#atomic(`${out}${times}`);
      else out = `(?:${out}${times})`;
    }
  }

  #atomic(inner: string): string {
    const name = `a${this.#captures++}`;
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`;
  }

  #atom(fold: boolean): string {
    if (this.#takes('(')) return this.#group(fold);
    if (this.#takes('[')) return this.#set(this.#bracket(fold));
    if (this.#takes('.')) return '[^\\n]';
    if (this.#takes('^')) return `(?:${START}|(?<=\\n))`;
    if (this.#takes('$')) return `(?:(?=\\n)|${END})`;
    if (this.#sees('\\')) {
      const anchor = this.#anchor();
      if (anchor !== undefined) return anchor;
      const set = this.#escape(true);
      if (typeof set !== 'number') return this.#set(set);
      return this.#character(set, fold);
    }
    if (/^[*+?]/.test(this.#source.slice(this.#at))) throw new Error(`nothing to repeat at ${this.#at}`);
    const code = this.#source.codePointAt(this.#at)!;
    this.#at += code > 0xffff ? 2 : 1;
    return this.#character(code, fold);
  }

  #character(code: number, fold: boolean): string {
    const character = String.fromCodePoint(code);
    if (!fold) return asClass([code, code]);
    this.#literal += character;
    if (hasLongFold(this.#literal))
      throw new Error(`'${this.#literal}' where case is ignored: one character may stand for two`);
    return asClass(folded([code, code]));
  }

  #set(set: CodePoints): string {
    this.#literal = '';
    return set.length === 0 ? '(?!)' : asClass(set);
  }

  #group(fold: boolean): string {
    const from = this.#at - 1;
    const rest = this.#source.slice(from, from + 64);
    const plain = GROUPS.find((each) => rest.startsWith(each));
    const flag = /^\(\?(-?)i:/.exec(rest);
    const opening = plain ?? flag?.[0] ?? /^\(\?(?:>|<[A-Za-z_]\w*>)/.exec(rest)?.[0] ?? '(';
    this.#at = from + opening.length;
    if (opening === '(' && this.#sees('?')) throw new Error(`a group '${rest.slice(0, 4)}' at ${from}`);
    const inner = this.#alternatives(flag === null ? fold : flag[1] === '');
    if (!this.#takes(')')) throw new Error(`'(' without ')' at ${from}`);
    if (opening === '(?>') return this.#atomic(inner);
    return `${plain ?? '(?:'}${inner})`;
  }

  #anchor(): string | undefined {
    const letter = this.#source[this.#at + 1];
    const inWord = asClass(word(true));
    const edges: Record<string, string> = {
      A: START,
      z: END,
      Z: `(?=\\n?${END})`,
      b: `(?:(?<!${inWord})(?=${inWord})|(?<=${inWord})(?!${inWord}))`,
      B: `(?:(?<!${inWord})(?!${inWord})|(?<=${inWord})(?=${inWord}))`,
    };
    if (letter === undefined || !Object.hasOwn(edges, letter)) return undefined;
    this.#at += 2;
    this.#literal = '';
    return edges[letter];
  }

  /** What an escape stands for: a character, or a set. */
  #escape(bare: boolean): number | CodePoints {
    const from = this.#at;
    const rest = this.#source.slice(from + 1, from + 80);
    const [text, negation, inverse, name] = /^([pP])\{(\^?)([^}]*)\}/.exec(rest) ?? [];
    if (text !== undefined) {
      this.#at += 1 + text.length;
      const set = name === '' ? undefined : property(name);
      if (set === undefined) throw new Error(`a property '${name}' at ${from}`);
      return (negation === 'P') === (inverse === '^') ? set : complement(set);
    }
    const hex = /^(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4}))/.exec(rest);
    if (hex !== null) {
      this.#at += 1 + hex[0].length;
      return parseInt(hex[1] ?? hex[2] ?? hex[3], 16);
    }
    const code = rest.codePointAt(0);
    if (code === undefined) throw new Error("a pattern that ends in '\\'");
    const letter = String.fromCodePoint(code);
    this.#at += 1 + letter.length;
    const set = escapeSet(letter, bare);
    if (set !== undefined) return set;
    if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter].charCodeAt(0);
    if (/[A-Za-z0-9]/.test(letter)) throw new Error(`an escape '\\${letter}' at ${from}`);
    return code;
  }

  /** A class behind its '['. */
  #bracket(fold: boolean): CodePoints {
    const from = this.#at - 1;
    if (++this.#level > MOST_LEVELS) throw new Error(`more than ${MOST_LEVELS} groups inside each other`);
    const negated = this.#takes('^');
    let both: CodePoints | undefined;
    let set: CodePoints = [];
    for (let first = true; ; first = false) {
      if (this.#at >= this.#source.length) throw new Error(`'[' without ']' at ${from}`);
      if (!first && this.#takes(']')) break;
      if (this.#takes('&&')) {
        both = both === undefined ? set : intersection(both, set);
        set = [];
        continue;
      }
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 16));
      if (posix !== null) {
        const named = posixSet(posix[2]);
        if (named === undefined) throw new Error(`a class '${posix[0]}'`);
        this.#at += posix[0].length;
        set = union(set, posix[1] === '' ? named : complement(named));
        continue;
      }
      const low = this.#takes('[') ? this.#bracket(fold) : this.#member();
      if (typeof low !== 'number') {
        set = union(set, low);
        continue;
      }
      set = union(set, [low, this.#rangeEnd(low)]);
    }
    this.#level--;
    let whole = both === undefined ? set : intersection(both, set);
    if (fold) whole = folded(whole);
    return negated ? complement(whole) : whole;
  }

  #member(): number | CodePoints {
    if (this.#sees('\\')) return this.#escape(false);
    const code = this.#source.codePointAt(this.#at)!;
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  /** The last character of a range that begins with `low`; `low` where it is none. */
  #rangeEnd(low: number): number {
    const next = this.#source[this.#at + 1];
    if (!this.#sees('-') || next === ']' || next === undefined || this.#source.startsWith('-&&', this.#at))
      return low;
    this.#at++;
    const high = this.#sees('[') ? [] : this.#member();
    if (typeof high !== 'number' || high < low)
      throw new Error(`a range that ends otherwise than it begins at ${this.#at}`);
    return high;
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #takes(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }
}
