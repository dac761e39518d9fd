import { TemplateError } from './errors.js';
import type { StandIns } from './printing.js';
import type { Value } from './values.js';
import { MOST_LEVELS } from './tokenStream.js';
import { ITEMS_A_STEP } from './work.js';

/** Characters of a value that count as one step: what is done with a value takes as long as it is. */
const CHARACTERS_A_STEP = 64;

/**
 * What a rendering may take: a template comes with a model and is a program, which might never end. The count is the same
 * on every machine; a clock would not be.
 */
export class Runtime {
  readonly #budget: number;
  #left: number;
  #level = 0;

  /**
   * @param budget nodes evaluated at most; long values and turns of loops count as further ones
   * @param standIns characters of the contents that stand for other text
   */
  constructor(
    budget: number,
    readonly standIns: StandIns,
  ) {
    this.#budget = budget;
    this.#left = budget;
  }

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TemplateError(`the template takes more than ${this.#budget} steps`);
  }

  /** Spends what a text of `characters` costs, before it is made. */
  reserve(characters: number): void {
    this.spend(characters / CHARACTERS_A_STEP);
  }

  /** Spends what handling `value` costs. */
  handle(value: Value): void {
    if (typeof value === 'string') this.reserve(value.length);
    else if (Array.isArray(value)) this.spend(value.length / ITEMS_A_STEP);
  }

  /** What `run` gives, one level further in: some hundred more and the stack ends, and V8 may end the process then. */
  nested<T>(run: () => T): T {
    if (++this.#level > MOST_LEVELS) {
      throw new TemplateError(`the template nests more than ${MOST_LEVELS} levels`);
    }
    const result = run();
    this.#level--;
    return result;
  }
}
