import { ArgumentError } from '@selfjudge/base';
import type { Text } from '@selfjudge/data';
import { messagesOf } from '@selfjudge/data/internal';
import { messageText } from '@selfjudge/text/internal';
import type { ShownConversation } from './template.js';

const SPEAKERS = {
  system: 'System',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
  developer: 'Developer',
} as const;

const OF_SYSTEM: readonly string[] = ['system', 'developer'];

/**
 * A prompt as one text: a single message as it is, a conversation with the speaker before each turn, turns an empty line apart.
 * @param shown otherwise, as a template says
 * @throws ArgumentError where dropping the turns of the system leaves none
 */
export function contextText(
  prompt: Text,
  { speakers = 'several', system = 'keep' }: ShownConversation = {},
): string {
  const all = messagesOf(prompt);
  const turns = system === 'keep' ? all : all.filter(({ role }) => !OF_SYSTEM.includes(role));
  if (turns.length === 0)
    throw new ArgumentError('prompt', {
      where: 'contextText',
      expected: 'a turn that is no system message, as the judge template drops those',
      received: all.map(({ role }) => role).join(', '),
    });
  const named = speakers === 'always' || (speakers === 'several' && turns.length > 1);
  return turns
    .map((turn) => (named ? `${SPEAKERS[turn.role]}: ${messageText(turn)}` : messageText(turn)))
    .join('\n\n');
}
