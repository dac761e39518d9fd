import type { Message } from '@selfjudge/text';
import type { Labels, Rationales } from './labels.js';
import type { Text } from './text.js';

/** Two answers to one prompt, one better than the other. */
export interface PreferencePair {
  /** The row's own id, or `file:line`. */
  id: string;
  prompt: Text;
  chosen: string;
  rejected: string;
  /** By principle, which of the two answers is the better one; principles without a label are absent. */
  labels?: Labels;
  /** By principle, why: one text for both answers, or one for each. */
  rationales?: Rationales;
}

/** A conversation to imitate; the last turn is the assistant's. */
export interface SftExample {
  id: string;
  messages: Message[];
}

export interface PromptRow {
  id: string;
  prompt: Text;
}

/** Two answers to one prompt, in the order in which they are shown: first a, then b. */
export interface AnswerPair {
  prompt: Text;
  completions: [a: string, b: string];
}

/** Two answers and what someone said of them. */
export interface JudgedPair extends AnswerPair {
  id: string;
  winner: 'a' | 'b' | 'tie';
  /** Why, in the judge's words, which may name the answers by their order. */
  rationale?: string;
}

/** The better answer as an example to imitate. */
export function sftExampleOf(pair: PreferencePair): SftExample {
  const { id, prompt, chosen } = pair;
  const context: Message[] = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
  return { id, messages: [...context, { role: 'assistant', content: chosen }] };
}
