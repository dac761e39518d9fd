import type { Tokenizer } from './tokenizer.js';

/** What a tokenizer gives for bytes that are no whole character. */
const PARTIAL = '\uFFFD';

/**
 * The text of an answer while its ids come: what `push` and `end` return, joined, is what `decodeAnswer` gives for all ids.
 * A character of several tokens appears with its last one.
 */
export class AnswerStream {
  readonly #tokenizer: Tokenizer;
  /** Ids of single bytes that only a run of them makes a text of (ByteFallback). */
  readonly #bytes: ReadonlySet<number>;
  /** Ids that are not told yet, behind those told last: some tokenizers decode the head of a text otherwise. */
  #ids: number[] = [];
  /** How many of them are told, and what they say. */
  #told = 0;
  #before = '';
  #begun = false;
  /** Whether the last id that has a text is a byte. */
  #inBytes = false;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#bytes = bytesOf(tokenizer);
  }

  /** @returns the text that is certain now and was not before; often none */
  push(id: number): string {
    this.#ids.push(id);
    // Bytes that follow each other are one text or, where one of them is wrong, none: the next may still change it.
    if (!this.#tokenizer.isControl(id)) this.#inBytes = this.#bytes.has(id);
    if (this.#inBytes) return '';
    const text = this.#text();
    if (text.endsWith(PARTIAL)) return '';
    return this.#tell(text);
  }

  /** @returns what is left when no id follows: bytes of no whole character, as U+FFFD */
  end(): string {
    return this.#tell(this.#begun ? this.#text() : this.#tokenizer.decodeAnswer(this.#ids));
  }

  #text(): string {
    if (this.#begun) return this.#tokenizer.decode(this.#ids, { skipSpecial: true });
    const raw = this.#tokenizer.decode(this.#ids, { skipSpecial: true });
    // It may still turn out to be the prefix that is no part of the answer.
    if (this.#tokenizer.answerPrefix.startsWith(raw)) return '';
    return this.#tokenizer.decodeAnswer(this.#ids);
  }

  #tell(text: string): string {
    const fresh = text.slice(this.#before.length);
    if (fresh === '') return '';
    // The prefix stays out of sight: from here on only what is told next to it counts.
    this.#begun = true;
    this.#ids = this.#ids.slice(this.#told);
    this.#told = this.#ids.length;
    this.#before = this.#tokenizer.decode(this.#ids, { skipSpecial: true });
    return fresh;
  }
}

function bytesOf({ files }: Tokenizer): Set<number> {
  const { decoder, model } = files.tokenizer;
  if (!JSON.stringify(decoder ?? null).includes('"ByteFallback"')) return new Set();
  const names = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  return new Set(names.flatMap((name) => model.vocab[name] ?? []));
}
