import type { Tokenizer } from '@selfjudge/text';
import type { Prepared } from '../loop/stepExamples.js';

/** What examples are made with. */
export interface MakerContext<O> {
  tokenizer: Tokenizer;
  /** Every one of the method's options, with lengths that the model takes. */
  options: O;
}

/** How rows become examples: by themselves alone, each whatever the others are, so that any thread can do it. */
export interface ExampleMaker<O, R, T> {
  /** What the examples are called. */
  readonly what: string;
  prepare(rows: readonly R[], context: MakerContext<O>): Prepared<T>;
  /** As long an example as there can be, to tell memory from. */
  longest(options: O): T;
}

/** A maker, its types inferred. */
export const maker = <O, R, T>(of: ExampleMaker<O, R, T>): ExampleMaker<O, R, T> => of;

/** What the longest example is called. */
export const LONGEST = 'a row of max_length tokens';

/** A token of a prompt, and an answer for the rest of `length`. */
export const longestAnswer = (length: number): [prompt: number[], answer: number[]] => [
  [0],
  Array.from({ length: Math.max(1, length - 1) }, () => 0),
];

/** The same as one sequence. */
export function longestSequence(length: number): { tokens: number[]; targets: [number, number][] } {
  const tokens = longestAnswer(length).flat();
  return { tokens, targets: [[1, tokens.length]] };
}
