import type { Message, TemplateArguments } from '@selfjudge/text';
import { messageFault } from '@selfjudge/text/internal';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';

/** A conversation, and what the chat template is told beside it. */
export interface Conversation {
  messages: Message[];
  templateArguments: TemplateArguments;
}

/** A prompt: a string (one user turn), or a conversation whose last turn is the user's or a tool's. */
export type Text = string | Message[] | Conversation;

/** The prompt as a conversation. */
export function messagesOf(prompt: Text): Message[] {
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }];
  return Array.isArray(prompt) ? prompt : prompt.messages;
}

/** What the chat template is told beside a prompt. */
export function argumentsOf(prompt: Text): TemplateArguments | undefined {
  return typeof prompt === 'string' || Array.isArray(prompt) ? undefined : prompt.templateArguments;
}

/** Whether two conversations are the same in everything that a chat template is told. */
export function sameMessages(a: readonly Message[], b: readonly Message[]): boolean {
  return a.length === b.length && a.every((message, i) => sameFields(message, b[i]));
}

function sameFields(a: object, b: object): boolean {
  const text = (message: object): string =>
    JSON.stringify(Object.entries(message).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

/** A column of messages, with all their fields: a chat template may show any. @param name of the column */
export function readMessages(name: string, value: unknown): Outcome<Message[]> {
  if (!Array.isArray(value) || value.length === 0) {
    return problem('unknown-shape', `${name} is neither a string nor a list of messages`);
  }
  for (const [i, message] of value.entries()) {
    const fault = messageFault(message);
    if (fault !== undefined) return problem('unknown-shape', `${name}[${i}]: ${fault}`);
  }
  return { value: value as Message[] };
}
