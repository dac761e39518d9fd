/** A text, and of each of its UTF-16 units the stretch of the text it came from, as [from, to). */
export interface Aligned {
  text: string;
  from: readonly number[];
  to: readonly number[];
}

/** A text that came from itself: both halves of a surrogate pair from the whole character. */
export function alignedText(text: string): Aligned {
  const from: number[] = [];
  const to: number[] = [];
  for (const character of text) {
    const at = from.length;
    for (let i = 0; i < character.length; i++) {
      from.push(at);
      to.push(at + character.length);
    }
  }
  return { text, from, to };
}

export const sliceAligned = ({ text, from, to }: Aligned, start: number, end: number): Aligned => ({
  text: text.slice(start, end),
  from: from.slice(start, end),
  to: to.slice(start, end),
});

/** A text in the making: pieces of new text, each from where one unit of `source` came from. */
export class AlignedBuilder {
  readonly #source: Aligned;
  #text = '';
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  constructor(source: Aligned) {
    this.#source = source;
  }

  /** @param at the unit of the source that `text` came from; before the first one it is the first */
  add(text: string, at: number): void {
    this.#text += text;
    const { from, to } = this.#source;
    for (let i = 0; i < text.length; i++) {
      this.#from.push(from[Math.max(at, 0)]);
      this.#to.push(to[Math.max(at, 0)]);
    }
  }

  keep(start: number, end: number): void {
    const { text, from, to } = this.#source;
    this.#text += text.slice(start, end);
    for (let i = start; i < end; i++) {
      this.#from.push(from[i]);
      this.#to.push(to[i]);
    }
  }

  done(): Aligned {
    return { text: this.#text, from: this.#from, to: this.#to };
  }
}

/** `prefix` before a text: it came from where the first character came from, as Python's tokenizers have it. */
export function prependAligned(source: Aligned, prefix: string): Aligned {
  if (source.text === '') return source;
  const built = new AlignedBuilder(source);
  built.add(prefix, 0);
  built.keep(0, source.text.length);
  return built.done();
}

/** Each match replaced: what comes for it came from its last character. */
export function replaceAligned(
  source: Aligned,
  pattern: RegExp,
  content: (match: string) => string,
): Aligned {
  const built = new AlignedBuilder(source);
  let end = 0;
  for (const { index, 0: match } of source.text.matchAll(pattern)) {
    built.keep(end, index);
    end = index + match.length;
    built.add(content(match), end - 1);
  }
  built.keep(end, source.text.length);
  return built.done();
}
