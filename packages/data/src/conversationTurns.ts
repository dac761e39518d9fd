import { messageText, sliceRendered } from '@selfjudge/text/internal';
import type { Message, RenderedText, TemplateArguments, Tokenizer } from '@selfjudge/text';

import type { Outcome } from './problem.js';
import { problem } from './problem.js';

export interface ConversationTurns {
  tokens: number[];
  /** A range for each assistant turn: the answer and, where the template writes one, the end of its turn. */
  targets: [start: number, end: number][];
}

/**
 * A whole conversation with a label range for each assistant turn. Each answer is tokenised on its own, as it would be
 * sampled after the turns before it; what the template puts between two answers is too.
 *
 * @returns a problem when the template shows an earlier answer otherwise than it was written, as templates that drop
 * earlier reasoning do: then no one sequence holds all turns
 */
export function conversationTurns(
  tokenizer: Tokenizer,
  messages: readonly Message[],
  templateArguments?: TemplateArguments,
): Outcome<ConversationTurns> {
  const turns = messages.flatMap((message, i) => (message.role === 'assistant' ? [i] : []));
  if (turns.length === 0 || turns[0] === 0) {
    return problem('unknown-shape', 'the conversation has no assistant turn after another');
  }
  const options = { templateArguments };
  const prompts = turns.map((turn) => tokenizer.openTurn(messages.slice(0, turn), options));
  const tokens = tokenizer.encodeRendered(prompts[0]);
  const targets: [number, number][] = [];
  for (const [k, turn] of turns.entries()) {
    const start = tokens.length;
    const content = messageText(messages[turn]);
    if (k === turns.length - 1) {
      const [shown] = tokenizer.shownAnswers(messages.slice(0, turn), [content], options);
      tokens.push(...tokenizer.encodeAnswer(shown), ...tokenizer.turnEnd);
      targets.push([start, tokens.length]);
      break;
    }
    const opened = prompts[k].text + tokenizer.answerPrefix;
    // Templates may trim contents; what is trained on is what they show.
    const shown = [content, content.trim()].find((answer) => prompts[k + 1].text.startsWith(opened + answer));
    const after =
      shown === undefined ? undefined : sliceRendered(prompts[k + 1], opened.length + shown.length);
    if (shown === undefined || after === undefined) {
      return problem(
        'unstable-template',
        'the chat template changes an earlier answer when later turns follow',
      );
    }
    tokens.push(...tokenizer.encodeAnswer(shown));
    const { ids, ended } = following(tokenizer, after);
    targets.push([start, tokens.length + ended]);
    tokens.push(...ids);
  }
  return { value: { tokens, targets } };
}

/** Ids of what stands between two answers, and how many at its head end the first answer's turn. */
function following(tokenizer: Tokenizer, after: RenderedText): { ids: number[]; ended: number } {
  const { turnEnd } = tokenizer;
  // White space before the end of a turn is the template's; a sampled answer has none.
  const head = after.pieces[0]?.text.trim() === '' ? 1 : 0;
  if (turnEnd.length > 0 && turnEnd.every((id, i) => after.pieces[head + i]?.control === id)) {
    const rest = { ...after, pieces: after.pieces.slice(head) };
    return { ids: tokenizer.encodeRendered(rest), ended: turnEnd.length };
  }
  return { ids: tokenizer.encodeRendered(after, { continues: true }), ended: 0 };
}
