import type { Message, TemplateArguments } from '@selfjudge/text';
import type { Labels, Rationales } from './labels.js';
import { withArguments } from './templateColumns.js';
import { argumentsOf, isStandard, messagesOf } from './text.js';
import type { StandardText, Text } from './text.js';

/** Two answers to one prompt, one better than the other. */
export interface PreferencePair {
  /** The row's own id, or `file:line`. */
  id: string;
  /** Where it stands, `path:line`; absent for rows that come from no file. */
  place?: string;
  prompt: Text;
  chosen: string;
  rejected: string;
  /** By principle, which of the two answers is the better one; principles without a label are absent. */
  labels?: Labels;
  /** By principle, why: one text for both answers, or one for each. */
  rationales?: Rationales;
  /** By how much the better answer is better, in rewards: what a reward model is to keep between them. */
  margin?: number;
}

/** A conversation to imitate, whose last turn is the assistant's; or a completion of text as it stands. */
export type SftExample = { id: string; place?: string } & SftContent;
export type SftContent = SftConversation | { prompt: StandardText; completion: string };

interface SftConversation {
  messages: Message[];
  /** What the chat template is told beside them: the row's tools and the like. */
  templateArguments?: TemplateArguments;
}

/** An answer to a prompt, and whether it is wanted. */
export interface LabelledRow {
  id: string;
  place?: string;
  prompt: Text;
  completion: string;
  label: boolean;
}

export interface PromptRow {
  id: string;
  place?: string;
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
  place?: string;
  winner: 'a' | 'b' | 'tie';
  /** Why, in the judge's words, which may name the answers by their order. */
  rationale?: string;
}

/** The better answer as an example to imitate. */
export function sftExampleOf(pair: PreferencePair): SftExample {
  const { id, place, prompt, chosen } = pair;
  return { id, ...(place !== undefined && { place }), ...sftContentOf(prompt, chosen) };
}

export function sftContentOf(prompt: Text, answer: string): SftContent {
  if (isStandard(prompt)) return { prompt, completion: answer };
  const told = argumentsOf(prompt);
  const messages: Message[] = [...messagesOf(prompt), { role: 'assistant', content: answer }];
  return { messages, ...(told && { templateArguments: told }) };
}

/** What an example's answer follows. */
export const promptOfExample = (example: SftContent): Text =>
  'messages' in example
    ? withArguments(example.messages.slice(0, -1), example.templateArguments)
    : example.prompt;
