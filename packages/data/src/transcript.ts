import type { Message } from '@selfjudge/text';
import { check, text as isText } from '@selfjudge/base/checks';

const START = /^\s*(?:Human|Assistant):/;
const TURN = /(?:^|\n\n)(Human|Assistant):/;

/** Whether `text` is a transcript as in Anthropic's HH data: it begins with a turn of 'Human:' or 'Assistant:'. */
export function isTranscript(text: string): boolean {
  return START.test(text);
}

/**
 * The turns of `\n\nHuman: ...\n\nAssistant: ...`, without the white space around them. Turns of one speaker in a row
 * become one, with an empty line between. Not so a last turn of the assistant: it is the answer, and stays one of its
 * own even after another turn of the assistant, and even when empty, for it may be an open one.
 */
export function parseTranscript(text: string): Message[] {
  check('parseTranscript', { text }, { text: isText });
  const [, ...parts] = text.trimStart().split(TURN);
  const messages: Message[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const role = parts[i] === 'Human' ? 'user' : 'assistant';
    const content = parts[i + 1].trim();
    const last = messages.at(-1);
    const answer = role === 'assistant' && i + 2 === parts.length;
    if (last === undefined || last.role !== role || answer) messages.push({ role, content });
    else last.content = [last.content, content].filter((turn) => turn !== '').join('\n\n');
  }
  return messages;
}
