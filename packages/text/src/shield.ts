import { ArgumentError } from '@selfjudge/base';
import type { ControlTokens } from './controlTokens.js';
import { strip } from './jinja/whitespace.js';

const PRIVATE_USE = /[\uE000-\uF8FF]/g;
const FIRST = 0xe000;
const LAST = 0xf8ff;

/**
 * Keeps data from writing control tokens. A template mixes its own text with message contents; afterwards a
 * `<|im_end|>` of either looks the same. So contents go in `cover`ed: each control-token string in them is replaced
 * by a stand-in, one private-use character that occurs in no content and not in the template. In the rendered text
 * every control-token string is then the template's, and `uncover` gives the rest back its exact text.
 *
 * A content that merely begins or ends with a part of a control-token string gets an empty stand-in there, so that it
 * cannot complete one together with the template's text. Stand-ins are no white space: `trim` in a template works as
 * it would without them, and `repr` prints them as they are.
 */
export class Shield {
  readonly #control: ControlTokens;
  readonly #texts: readonly string[];
  /** Looked for when the first stand-in is needed: most contents need none, and there may be thousands of control tokens. */
  #taken: Set<string> | undefined;
  readonly #standIns = new Map<string, string>();
  readonly #originals = new Map<string, string>();
  #next = FIRST;

  /** @param texts all that are to be covered, and those of the template, which reach the rendering too */
  constructor(control: ControlTokens, texts: readonly string[]) {
    this.#control = control;
    this.#texts = texts;
  }

  cover(content: string): string {
    const covered = this.#control.replace(content, (token) => this.#standIn(token));
    const inner = strip(covered, 'both');
    if (inner === '') return covered;
    const start = covered.indexOf(inner);
    const before = this.#control.completedByTextBefore(inner) ? this.#standIn('') : '';
    const after = this.#control.completedByTextAfter(inner) ? this.#standIn('') : '';
    return covered.slice(0, start) + before + inner + after + covered.slice(start + inner.length);
  }

  /** Whether anything was covered. */
  get covers(): boolean {
    return this.#originals.size > 0;
  }

  /** Whether a character stands for other text. */
  has(character: string): boolean {
    return this.#originals.has(character);
  }

  uncover(text: string): string {
    if (this.#originals.size === 0) return text;
    return text.replace(PRIVATE_USE, (character) => this.#originals.get(character) ?? character);
  }

  #standIn(original: string): string {
    const known = this.#standIns.get(original);
    if (known !== undefined) return known;
    this.#taken ??= new Set(
      [...this.#texts, ...this.#control.contents].flatMap((text) => text.match(PRIVATE_USE) ?? []),
    );
    while (this.#taken.has(String.fromCharCode(this.#next))) this.#next++;
    if (this.#next > LAST) {
      throw new ArgumentError('messages', {
        where: 'renderChat',
        expected: 'contents that leave some private-use characters (U+E000 to U+F8FF) unused',
        received: 'contents that use them all',
      });
    }
    const character = String.fromCharCode(this.#next++);
    this.#standIns.set(original, character);
    this.#originals.set(character, original);
    return character;
  }
}
