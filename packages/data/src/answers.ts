import type { Message } from '@selfjudge/text';
import { messageText } from '@selfjudge/text/internal';

import { readMessages } from './messages.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import type { Conversation, PromptFormat, StandardText, Text } from './text.js';
import { argumentsOf, columnOf, isStandard, messagesOf, sameMessages } from './text.js';
import { isTranscript, parseTranscript } from './transcript.js';

/** An answer and what it answers, where the row's answer says that itself. */
export interface Answer {
  context?: Message[];
  text: string;
}

/**
 * A prompt column: a string, a transcript that ends with an open or a user's turn, or messages that end with a user's.
 * @param format 'standard' takes every string as it stands
 * @returns value undefined when the row has none
 */
export function readPrompt(value: unknown, format: PromptFormat): Outcome<Text | undefined> {
  if (value === undefined || value === null) return { value: undefined };
  const text = standardText(value, format);
  if (text !== undefined) {
    return text.trim() === '' ? problem('unknown-shape', 'the prompt is empty') : { value: { text } };
  }
  if (typeof value === 'string' && !isTranscript(value)) {
    return value.trim() === '' ? problem('unknown-shape', 'the prompt is empty') : { value };
  }
  const { messages: given = value, templateArguments } = (value as Partial<Conversation>) ?? {};
  const read = typeof value === 'string' ? { value: parseTranscript(value) } : readMessages(given, 'prompt');
  if (read.problem) return read;
  const messages = [...read.value];
  const last = messages.at(-1)!;
  if (last.role === 'assistant' && last.content === '') messages.pop();
  if (!asksForAnswer(messages.at(-1)))
    return problem('unknown-shape', 'the prompt does not end with a user turn');
  return { value: templateArguments === undefined ? messages : { messages, templateArguments } };
}

/**
 * An answer column (chosen, rejected, completion): a string, or messages of which the last is the assistant's. A
 * string that is a whole transcript is read as its turns, unless the row has a prompt of its own. After a prompt that is
 * a transcript, white space around the answer is the transcript's and is dropped.
 * @param prompt the row's prompt column, as it stands
 */
export function readAnswer(
  name: string,
  value: unknown,
  prompt: unknown,
  format: PromptFormat,
): Outcome<Answer> {
  if (typeof value === 'string' && standardText(prompt, format) !== undefined) {
    return { value: { text: value } };
  }
  const hasPrompt = prompt !== undefined && prompt !== null;
  const transcript = typeof value === 'string' && !hasPrompt && isTranscript(value);
  if (typeof value === 'string' && !transcript) {
    return { value: { text: typeof prompt === 'string' && isTranscript(prompt) ? value.trim() : value } };
  }
  const read = typeof value === 'string' ? { value: parseTranscript(value) } : readMessages(value, name);
  if (read.problem) return read;
  const messages = read.value;
  const last = messages.at(-1)!;
  if (last.role !== 'assistant')
    return problem('unknown-shape', `${name} does not end with an assistant turn`);
  const unread = unreadOf(last);
  if (unread !== undefined) return problem('unknown-shape', `${name} has ${unread}`);
  const context = messages.slice(0, -1);
  return { value: { text: messageText(last), ...(context.length > 0 && { context }) } };
}

/**
 * The prompt of an answer: the row's own, the turns before the answer, or both where they agree. (UltraFeedback's
 * files repeat the prompt at the head of each answer; others go on after it.)
 */
export function promptOf(prompt: Text | undefined, { context }: Answer): Outcome<Text> {
  if (context === undefined) {
    return prompt === undefined ? problem('unknown-shape', 'there is no prompt') : { value: prompt };
  }
  if (!asksForAnswer(context.at(-1))) return problem('unknown-shape', 'the answer follows no user turn');
  if (prompt === undefined) return { value: context };
  if (typeof prompt === 'string' || isStandard(prompt)) {
    if (context.at(-1)!.content === columnOf(prompt)) return { value: context };
    return problem('differing-prompts', 'the prompt is not the question that the answer follows');
  }
  const before = messagesOf(prompt);
  const messages = sameMessages(before, context) ? before : [...before, ...context];
  const told = argumentsOf(prompt);
  return { value: told === undefined ? messages : { messages, templateArguments: told } };
}

/** Whether an answer can follow a message: the user's, or what a tool said. */
function asksForAnswer(message: Message | undefined): boolean {
  return message?.role === 'user' || message?.role === 'tool';
}

/** Fields of an answer beside its text that a model would write too. */
const WRITTEN = ['tool_calls', 'reasoning_content', 'reasoning', 'thinking'];

/** What an answer says beside its text: that is neither trained on nor scored, so that such a row would become another. */
export function unreadOf(answer: Message): string | undefined {
  const fields: Record<string, unknown> = { ...answer };
  const holds = (value: unknown): boolean =>
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
  const name = WRITTEN.find((field) => holds(fields[field]));
  return name && `${name} in its answer; of answers the content alone is trained on`;
}

/** The text of a prompt that is taken as it stands: a string where the format says so, or what a loader made of one. */
function standardText(prompt: unknown, format: PromptFormat): string | undefined {
  if (typeof prompt === 'string') return format === 'standard' ? prompt : undefined;
  const { text } = (prompt ?? {}) as Partial<StandardText>;
  return typeof text === 'string' ? text : undefined;
}
