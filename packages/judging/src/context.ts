import type { Text } from '@selfjudge/data';
import { messagesOf } from '@selfjudge/data/internal';

const SPEAKERS = { system: 'System', user: 'User', assistant: 'Assistant' } as const;

/** A prompt as one text: a single message as it is, a conversation with the speaker before each turn. */
export function contextText(prompt: Text): string {
  const messages = messagesOf(prompt);
  if (messages.length === 1) return messages[0].content;
  return messages.map(({ role, content }) => `${SPEAKERS[role]}: ${content}`).join('\n\n');
}
