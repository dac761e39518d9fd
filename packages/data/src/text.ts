import type { Message, TemplateArguments } from '@selfjudge/text';

/** A conversation, and what the chat template is told beside it. */
export interface Conversation {
  messages: Message[];
  templateArguments: TemplateArguments;
}

/**
 * A prompt in TRL's standard format: the text that the model reads, as it stands, with control tokens where it names them.
 * The answer goes on after its last character, in the same way.
 */
export interface StandardText {
  text: string;
  /** Columns of its row that are for a chat template alone, and so without effect here; absent where there are none. */
  unread?: readonly string[];
}

/**
 * A prompt: a string (one user turn), a conversation whose last turn is the user's or a tool's, or text as it stands.
 */
export type Text = string | Message[] | Conversation | StandardText;

/** What a string in a prompt column is: TRL's standard text, or one user turn. */
export type PromptFormat = 'standard' | 'chat';

export function isStandard(prompt: Text): prompt is StandardText {
  return typeof prompt === 'object' && 'text' in prompt;
}

/** The prompt as a conversation. Text as it stands is not taken apart: it counts as one user turn. */
export function messagesOf(prompt: Text): Message[] {
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }];
  if (isStandard(prompt)) return [{ role: 'user', content: prompt.text }];
  return Array.isArray(prompt) ? prompt : prompt.messages;
}

/** What the chat template is told beside a prompt. */
export function argumentsOf(prompt: Text): TemplateArguments | undefined {
  return typeof prompt === 'object' && 'templateArguments' in prompt ? prompt.templateArguments : undefined;
}

/** The prompt as the column prompt of a file holds it; what the chat template is told has columns of its own. */
export const columnOf = (prompt: Text): string | Message[] =>
  typeof prompt === 'string' ? prompt : isStandard(prompt) ? prompt.text : messagesOf(prompt);

/** Whether two conversations are the same in everything that a chat template is told. */
export function sameMessages(a: readonly Message[], b: readonly Message[]): boolean {
  return a.length === b.length && a.every((message, i) => sameFields(message, b[i]));
}

function sameFields(a: Message, b: Message): boolean {
  if (isPlain(a) && isPlain(b)) return a.role === b.role && a.content === b.content;
  const text = (message: object): string =>
    JSON.stringify(Object.entries(message).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

/** Whether a message is a role and a text and nothing beside. */
const isPlain = (message: Message): boolean =>
  typeof message.role === 'string' &&
  typeof message.content === 'string' &&
  Object.keys(message).length === 2;
