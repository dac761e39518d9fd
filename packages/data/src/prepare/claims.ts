import { createHash } from 'node:crypto';

import type { Said } from '../said.js';
import { normalised } from '../split.js';
import { argumentsOf, columnOf, messagesOf, type Text } from '../text.js';

/** What a row says of what was said before it, with the place of the first row that did. */
export interface Finding<P> {
  /** The row says the same. */
  repeats?: P;
  /** The row prefers the other one of the same two answers, or labels the same answer otherwise. */
  contradicts?: P;
}

/**
 * What rows say, each told to those that follow. Two answers are the same pair in either order; text counts in NFKC, whatever its
 * case and white space. Labels by principle are part of what is said: rows on different principles neither repeat nor contradict
 * each other. A tie contradicts nothing. Some 350 bytes a row.
 */
export class Claims<P> {
  readonly #said = new Map<string, P>();
  readonly #decided = new Map<string, { verdict: string; place: P }>();

  add(said: Said, place: P): Finding<P> {
    const { about, verdict, decides } = claimOf(said);
    const decided = decides ? this.#decided.get(about) : undefined;
    if (decides && decided === undefined) this.#decided.set(about, { verdict, place });
    const whole = hashOf([about, verdict, said.rationales]);
    const repeats = this.#said.get(whole);
    if (repeats === undefined) this.#said.set(whole, place);
    return {
      ...(repeats !== undefined && { repeats }),
      ...(decided !== undefined && decided.verdict !== verdict && { contradicts: decided.place }),
    };
  }
}

/** @returns what a row is about, and what it says of that, in words that do not depend on the order of two answers */
function claimOf({ kind, prompt, answers, label, labels }: Said) {
  const texts = answers.map(({ text }) => normalised(text));
  const isOrdered = texts.length < 2 || texts[0] <= texts[1];
  const principles = Object.keys(labels ?? {}).sort();
  const about = hashOf([promptOf(prompt), argumentsOf(prompt), texts.toSorted(), principles]);
  const first = isOrdered ? 'first' : 'second';
  const second = isOrdered ? 'second' : 'first';
  const isPair = kind === 'preferences' || (kind === 'judgments' && label !== 'tie');
  const overall = isPair ? first : (label ?? '');
  const verdict = [overall, ...principles.map((name) => (labels![name] === 'chosen' ? first : second))];
  return { about, verdict: verdict.join(), decides: isPair || kind === 'labelled' };
}

/** A string and a conversation of one turn with its text are two prompts: the model reads other tokens. */
const promptOf = (prompt: Text): unknown =>
  typeof columnOf(prompt) === 'string'
    ? normalised(columnOf(prompt) as string)
    : messagesOf(prompt).map((message) => ({
        ...message,
        ...(typeof message.content === 'string' && { content: normalised(message.content) }),
      }));

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64').slice(0, 22);
