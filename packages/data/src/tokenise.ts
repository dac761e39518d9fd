import type { Message, Tokenizer, TreeSequence } from '@selfjudge/text';
import { messageText } from '@selfjudge/text/internal';

import { conversationTurns } from './conversationTurns.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import type { PreferencePair, SftExample } from './rows.js';
import type { Text } from './text.js';
import { argumentsOf, messagesOf } from './text.js';
import { withArguments } from './templateColumns.js';

/** A sequence with its labels, and how many tokens of it the limit cost. */
export interface TokenisedExample {
  sequence: TreeSequence;
  /** Tokens of the answer that did not fit; then its end token is among them, so that no cut answer seems finished. */
  cut: number;
}

export interface LengthLimit {
  /** Most tokens of prompt and answer together. Default: no limit. */
  maxLength?: number;
}

/**
 * Ids of a prompt in the chat format, up to and with the open assistant turn. What follows them is `completionIds`: a
 * prompt's ids are a prefix of the whole by construction, and stay so whatever is sampled.
 */
export function promptIds(tokenizer: Tokenizer, prompt: Text): number[] {
  const options = { addGenerationPrompt: true, templateArguments: argumentsOf(prompt) };
  return tokenizer.encodeRendered(tokenizer.renderChat(messagesOf(prompt), options));
}

/** Ids of an answer in the open turn. @param options.eos whether the turn's end follows, as for every finished answer */
export function completionIds(tokenizer: Tokenizer, text: string, options: { eos: boolean }): number[] {
  const ids = tokenizer.encodeAnswer(text);
  return options.eos ? [...ids, ...tokenizer.turnEnd] : ids;
}

/**
 * A conversation to imitate. The labels are the answer and the end of its turn; the end is a label like any other, also
 * where a tokenizer has one id for it and for padding.
 *
 * @param options.trainOn 'last': only the last answer. 'all': each assistant turn
 * @returns a problem when the prompt alone leaves no room for an answer, or when 'all' is asked of a chat template that
 * shows earlier answers differently from how they are written
 */
export function sftSequence(
  tokenizer: Tokenizer,
  example: Pick<SftExample, 'messages' | 'templateArguments'>,
  options: LengthLimit & { trainOn?: 'last' | 'all' } = {},
): Outcome<TokenisedExample> {
  const { messages, templateArguments } = example;
  const { trainOn = 'last', maxLength = Infinity } = options;
  if (trainOn === 'all') {
    const turns = conversationTurns(tokenizer, messages, templateArguments);
    return turns.problem ? turns : limited(turns.value.tokens, turns.value.targets, maxLength);
  }
  const answer: Message = messages.at(-1)!;
  const prompt = promptIds(tokenizer, withArguments(messages.slice(0, -1), templateArguments));
  const completion = completionIds(tokenizer, messageText(answer), { eos: true });
  return limited([...prompt, ...completion], [[prompt.length, prompt.length + completion.length]], maxLength);
}

/** Both sides of a preference; they begin with the same prompt ids. @returns a problem when the prompt leaves no room */
export function preferenceSequences(
  tokenizer: Tokenizer,
  pair: Pick<PreferencePair, 'prompt' | 'chosen' | 'rejected'>,
  options: LengthLimit = {},
): Outcome<{ chosen: TokenisedExample; rejected: TokenisedExample }> {
  const { prompt, chosen, rejected } = pair;
  const { maxLength = Infinity } = options;
  const start = promptIds(tokenizer, prompt);
  const side = (text: string) => {
    const completion = completionIds(tokenizer, text, { eos: true });
    return limited([...start, ...completion], [[start.length, start.length + completion.length]], maxLength);
  };
  const sides = { chosen: side(chosen), rejected: side(rejected) };
  if (sides.chosen.problem) return sides.chosen;
  if (sides.rejected.problem) return sides.rejected;
  return { value: { chosen: sides.chosen.value, rejected: sides.rejected.value } };
}

function limited(
  tokens: number[],
  targets: [start: number, end: number][],
  maxLength: number,
): Outcome<TokenisedExample> {
  if (tokens.length <= maxLength) return { value: { sequence: { tokens, targets }, cut: 0 } };
  const kept = targets.flatMap(([start, end]): [number, number][] =>
    start < maxLength ? [[start, Math.min(end, maxLength)]] : [],
  );
  if (kept.length === 0) {
    const prompt = targets[0][0];
    return problem(
      'prompt-too-long',
      `the prompt has ${prompt} tokens, which leaves no answer in ${maxLength}`,
    );
  }
  const sequence = { tokens: tokens.slice(0, maxLength), targets: kept };
  return { value: { sequence, cut: tokens.length - maxLength } };
}
