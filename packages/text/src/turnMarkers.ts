import { MARKER } from './marker.js';
import type { Message } from './message.js';
import type { Tokenizer } from './tokenizer.js';

const QUESTION = 'a question';
const ANSWER = 'an answer to look behind';

/**
 * Why a model cannot learn where its turns end, in words; undefined where it can. Either nothing ends a turn: the template
 * writes no control token behind an answer, and the tokenizer declares no end token. Or the template's markers are no
 * tokens of this tokenizer, so that a turn's end is text like other text.
 */
export function turnProblem(tokenizer: Tokenizer): string | undefined {
  const messages: Message[] = [
    { role: 'user', content: QUESTION },
    { role: 'assistant', content: ANSWER },
  ];
  const { pieces } = tokenizer.renderChat(messages);
  const loose = pieces.flatMap(({ text, control }) =>
    control === undefined ? (MARKER.exec(text) ?? []) : [],
  );
  if (loose.length > 0) return `'${loose[0]}' of the chat template is no token of the tokenizer`;
  const at = pieces.findLastIndex(({ text }) => text.includes(ANSWER));
  const behind = at < 0 ? '' : (pieces[at].text.split(ANSWER).at(-1) ?? '').trim();
  if (behind !== '' && pieces[at + 1]?.control === undefined) {
    return `the chat template ends an answer with the text ${JSON.stringify(behind)}, which is no token`;
  }
  if (tokenizer.turnEnd.length > 0) return undefined;
  return 'nothing ends a turn: the chat template writes no token behind an answer, and no end token is declared';
}
