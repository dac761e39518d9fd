import type { Message } from '@selfjudge/text';

/**
 * A prompt in TRL's standard format: the text that the model reads, as it stands, with control tokens where it names them.
 * The answer goes on after its last character, in the same way.
 */
export interface StandardText {
  text: string;
}

/** A prompt: a string (one user turn), a conversation whose last turn is the user's, or text as it stands. */
export type Text = string | Message[] | StandardText;

/** What a string in a prompt column is: TRL's standard text, or one user turn. */
export type PromptFormat = 'standard' | 'chat';

export function isStandard(prompt: Text): prompt is StandardText {
  return typeof prompt === 'object' && 'text' in prompt;
}

/** The prompt as a conversation. Text as it stands is not taken apart: it counts as one user turn. */
export function messagesOf(prompt: Text): Message[] {
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }];
  return isStandard(prompt) ? [{ role: 'user', content: prompt.text }] : prompt;
}

/** The prompt as a column of a file holds it. */
export const columnOf = (prompt: Text): string | Message[] => (isStandard(prompt) ? prompt.text : prompt);

export function sameMessages(a: readonly Message[], b: readonly Message[]): boolean {
  return (
    a.length === b.length && a.every(({ role, content }, i) => role === b[i].role && content === b[i].content)
  );
}
