import type { Tokenizer, TreeSequence } from '@selfjudge/text';

import { conversationTurns } from './conversationTurns.js';
import type { Outcome } from './problem.js';
import { problem, refusable } from './problem.js';
import { promptOfExample } from './rows.js';
import type { PreferencePair, SftContent } from './rows.js';
import type { Text } from './text.js';
import { isStandard, messagesOf } from './text.js';

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
 * Ids of a prompt: of a conversation in the chat format, up to and with the open assistant turn; of text as it stands, its
 * own. What follows them is `answerIds`: a prompt's ids are a prefix of the whole by construction, and stay so whatever is
 * sampled.
 */
export function promptIds(tokenizer: Tokenizer, prompt: Text): number[] {
  if (isStandard(prompt)) return tokenizer.encodeText(prompt.text);
  return tokenizer.encodeRendered(tokenizer.renderChat(messagesOf(prompt), { addGenerationPrompt: true }));
}

/**
 * Ids of a finished answer to `prompt`, with its end: in the open turn of a conversation, or as the rest of a text. There
 * the end is the declared end token, unless the answer names it itself (TRL's rule).
 */
export function answerIds(tokenizer: Tokenizer, prompt: Text, answer: string): number[] {
  if (!isStandard(prompt)) return completionIds(tokenizer, answer, { eos: true });
  const { eosToken = '' } = tokenizer;
  const rest = answer.endsWith(eosToken) ? answer : answer + eosToken;
  const before = tokenizer.encodeText(prompt.text);
  const whole = tokenizer.encodeText(prompt.text + rest);
  // A token over the seam would change the prompt; then the answer is encoded on its own, as it would be sampled.
  if (before.every((id, i) => whole[i] === id)) return whole.slice(before.length);
  return tokenizer.encode(rest, { special: true, continues: true });
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
 * @returns a problem when the chat template refuses the conversation, when the prompt alone leaves no room for an answer,
 * or when 'all' is asked of a chat template that shows earlier answers differently from how they are written
 */
export function sftSequence(
  tokenizer: Tokenizer,
  example: SftContent,
  options: LengthLimit & { trainOn?: 'last' | 'all' } = {},
): Outcome<TokenisedExample> {
  return flat(refusable(() => sftSequenceOf(tokenizer, example, options)));
}

function sftSequenceOf(
  tokenizer: Tokenizer,
  example: SftContent,
  { trainOn = 'last', maxLength = Infinity }: LengthLimit & { trainOn?: 'last' | 'all' },
): Outcome<TokenisedExample> {
  if (trainOn === 'all' && 'messages' in example) {
    const turns = conversationTurns(tokenizer, example.messages);
    return turns.problem ? turns : limited(turns.value.tokens, turns.value.targets, maxLength);
  }
  const before = promptOfExample(example);
  const answer = 'messages' in example ? example.messages.at(-1)!.content : example.completion;
  const prompt = promptIds(tokenizer, before);
  const completion = answerIds(tokenizer, before, answer);
  return limited([...prompt, ...completion], [[prompt.length, prompt.length + completion.length]], maxLength);
}

/**
 * Both sides of a preference; they begin with the same prompt ids.
 * @returns a problem when the chat template refuses the prompt, or the prompt leaves no room
 */
export function preferenceSequences(
  tokenizer: Tokenizer,
  pair: Pick<PreferencePair, 'prompt' | 'chosen' | 'rejected'>,
  options: LengthLimit = {},
): Outcome<{ chosen: TokenisedExample; rejected: TokenisedExample }> {
  return flat(refusable(() => preferenceSequencesOf(tokenizer, pair, options)));
}

function preferenceSequencesOf(
  tokenizer: Tokenizer,
  { prompt, chosen, rejected }: Pick<PreferencePair, 'prompt' | 'chosen' | 'rejected'>,
  { maxLength = Infinity }: LengthLimit,
): Outcome<{ chosen: TokenisedExample; rejected: TokenisedExample }> {
  const start = promptIds(tokenizer, prompt);
  const side = (text: string) => {
    const completion = answerIds(tokenizer, prompt, text);
    return limited([...start, ...completion], [[start.length, start.length + completion.length]], maxLength);
  };
  const sides = { chosen: side(chosen), rejected: side(rejected) };
  if (sides.chosen.problem) return sides.chosen;
  if (sides.rejected.problem) return sides.rejected;
  return { value: { chosen: sides.chosen.value, rejected: sides.rejected.value } };
}

/** What either of two outcomes, one inside the other, says is wrong. */
const flat = <T>(outcome: Outcome<Outcome<T>>): Outcome<T> => (outcome.problem ? outcome : outcome.value);

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
