import type { Problem, PromptRow } from '@selfjudge/data';
import type { JudgeTemplate } from '@selfjudge/judging';
import type { Tokenizer } from '@selfjudge/text';
import type { SupervisedExample } from '../losses/supervised.js';
import { preparePrompts, type Prepared } from './prepare.js';

/** What a token is to its verb: read, or a label of a kind. */
export type TokenKind = 'prompt' | 'trained' | 'verdict' | 'rationale' | 'reward';

/** A sequence of a row, exactly as the verb computes it. */
export interface ShownSequence {
  /** What it is of the row, such as `chosen`. */
  name: string;
  tokens: number[];
  /** One a token. */
  kinds: TokenKind[];
  /** The verdicts that are compared behind the last token, of a question to the judge. */
  verdicts?: number[];
}

/** What becomes of a row: examples of a name, or why it is left out. A row may be of use for one thing and not for another. */
export interface ShownPart {
  what: string;
  sequences: ShownSequence[];
  /** Answers shortened to fit; they have no end token. */
  cut: number;
  problem?: Problem;
}

/** What a method shows a row by. */
export interface ShowContext<O, R> {
  row: R;
  /** Every one of the method's options, with lengths that the model takes. */
  options: O;
  tokenizer: Tokenizer;
  /** Of methods with a `judgeTemplate`. */
  judgeTemplate(): JudgeTemplate;
}

/** @param prepared of one row */
export function shownPart<T>(
  what: string,
  { examples, dropped, cut }: Prepared<T>,
  sequences: (example: T) => ShownSequence[],
): ShownPart {
  const [problem] = dropped.map((one) => one.problem);
  return { what, sequences: examples.flatMap(sequences), cut, ...(problem && { problem }) };
}

/** Of methods that read prompts: what the policy answers. */
export const shownPrompt = ({
  row,
  options,
  tokenizer,
}: ShowContext<{ maxPromptLength: number }, PromptRow>): ShownPart[] => [
  shownPart('prompt', preparePrompts(tokenizer, [row], options), ({ tokens }) => [
    { name: 'prompt', tokens, kinds: tokens.map(() => 'prompt') },
  ]),
];

/** Of examples with cross-entropy on spans of their tokens. @param name of the sequence at an index */
export function shownSupervised(
  what: string,
  prepared: Prepared<SupervisedExample>,
  name: (index: number) => string,
): ShownPart {
  return shownPart(what, prepared, ({ sequences, kinds }) =>
    sequences.map(({ tokens, targets = [] }, s) => {
      const masks: TokenKind[] = Array.from(tokens, () => 'prompt');
      targets.forEach(([start, end], t) => {
        const kind = kinds[s][t];
        masks.fill(kind === 'sft' ? 'trained' : kind, start, end);
      });
      return { name: name(s), tokens: Array.from(tokens), kinds: masks };
    }),
  );
}

const ORDERS = ['first order', 'second order'];

/** Name of sequence i of a judge example: both orders of every question. */
export const shownOrder = (i: number): string =>
  i < ORDERS.length ? ORDERS[i] : `question ${(i >> 1) + 1}, ${ORDERS[i % 2]}`;
