import { check } from '@selfjudge/base/checks';
import { prompt as isPrompt } from '@selfjudge/text/checks';
import { messagesOf, type Text } from '@selfjudge/data';

const SPEAKERS = { system: 'System', user: 'User', assistant: 'Assistant' } as const;

/** A prompt as one text: a single message as it is, a conversation with the speaker before each turn. */
export function contextText(prompt: Text): string {
  check('contextText', { prompt }, { prompt: isPrompt });
  const messages = messagesOf(prompt);
  if (messages.length === 1) return messages[0].content;
  return messages.map(({ role, content }) => `${SPEAKERS[role]}: ${content}`).join('\n\n');
}
