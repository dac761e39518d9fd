import type { Message, TemplateArguments } from '@selfjudge/text';
import type { Labels, Rationales } from './labels.js';
import { argumentsOf, messagesOf, type Text } from './text.js';

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
  /** What the chat template is told beside them: the row's tools and the like. */
  templateArguments?: TemplateArguments;
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
  const told = argumentsOf(prompt);
  const messages: Message[] = [...messagesOf(prompt), { role: 'assistant', content: chosen }];
  return { id, messages, ...(told && { templateArguments: told }) };
}
