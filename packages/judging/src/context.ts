import type { Text } from '@selfjudge/data';
import { messagesOf } from '@selfjudge/data/internal';
import { messageText } from '@selfjudge/text/internal';

const SPEAKERS = {
  system: 'System',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
  developer: 'Developer',
} as const;

/** A prompt as one text: a single message as it is, a conversation with the speaker before each turn. */
export function contextText(prompt: Text): string {
  const messages = messagesOf(prompt);
  if (messages.length === 1) return messageText(messages[0]);
  return messages.map((message) => `${SPEAKERS[message.role]}: ${messageText(message)}`).join('\n\n');
}
