import { ArgumentError } from '@selfjudge/base';
import type { Message, Tokenizer, TreeSequence } from '@selfjudge/text';
import { messageText } from '@selfjudge/text/internal';

import { conversationTurns } from './conversationTurns.js';
import type { Outcome } from './problem.js';
import { problem, refusable } from './problem.js';
import { promptOfExample } from './rows.js';
import type { PreferencePair, SftContent } from './rows.js';
import type { Text } from './text.js';
import { argumentsOf, isStandard, messagesOf } from './text.js';

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
  const options = { templateArguments: argumentsOf(prompt) };
  return tokenizer.encodeRendered(tokenizer.openTurn(messagesOf(prompt), options));
}

/**
 * Ids of a prompt and of finished answers to it, each with its end. In a conversation they follow `promptIds`. Text as it
 * stands is tokenised whole, as TRL does it, with the declared end token behind an answer that does not name it itself;
 * where a token goes over the seam, the answers begin with it, and the prompt ends before.
 */
export function promptAndAnswers(
  tokenizer: Tokenizer,
  prompt: Text,
  answers: readonly string[],
): { prompt: number[]; answers: number[][] } {
  const before = promptIds(tokenizer, prompt);
  if (!isStandard(prompt)) {
    const messages = messagesOf(prompt);
    // What is learnt is what the template shows: it may trim an answer, or write it otherwise.
    const shown = tokenizer.shownAnswers(messages, answers, { templateArguments: argumentsOf(prompt) });
    return { prompt: before, answers: shown.map((text) => completionIds(tokenizer, text, { eos: true })) };
  }
  const wholes = answers.map((answer) => tokenizer.encodeText(prompt.text + ended(tokenizer, answer)));
  const shared = (ids: number[]) => {
    const end = before.findIndex((id, i) => ids[i] !== id);
    return end === -1 ? before.length : end;
  };
  const start = Math.min(...wholes.map(shared));
  if (start === 0)
    throw new ArgumentError('prompt', {
      where: 'promptAndAnswers',
      expected: 'a text with a token before that of the answer',
      received: prompt.text,
    });
  return { prompt: before.slice(0, start), answers: wholes.map((ids) => ids.slice(start)) };
}

/**
 * Ids of a prompt with a finished answer, whole, as TRL tokenises what a reward model reads: a conversation is all that the
 * chat template gives, so that ChatML ends with its line break; text as it stands ends with the declared end token.
 */
export function answeredIds(tokenizer: Tokenizer, prompt: Text, answer: string): number[] {
  if (isStandard(prompt)) return tokenizer.encodeText(prompt.text + ended(tokenizer, answer));
  const messages: Message[] = [...messagesOf(prompt), { role: 'assistant', content: answer }];
  const options = { templateArguments: argumentsOf(prompt) };
  return tokenizer.encodeRendered(tokenizer.renderChat(messages, options));
}

/** An answer with the declared end token behind it, once. */
const ended = ({ eosToken = '' }: Tokenizer, answer: string): string =>
  answer.endsWith(eosToken) ? answer : answer + eosToken;

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
    const turns = conversationTurns(tokenizer, example.messages, example.templateArguments);
    return turns.problem ? turns : limited(turns.value.tokens, turns.value.targets, maxLength);
  }
  const answer = 'messages' in example ? messageText(example.messages.at(-1)!) : example.completion;
  const { prompt, answers } = promptAndAnswers(tokenizer, promptOfExample(example), [answer]);
  const [completion] = answers;
  return limited([...prompt, ...completion], [[prompt.length, prompt.length + completion.length]], maxLength);
}

/**
 * The sequences of a conversation to imitate: one, or, where every answer is asked for and the chat template shows earlier
 * answers otherwise than they were written, one a turn. Those share in a tree what they have in common, and their gradient
 * is that of a row each.
 *
 * @returns a problem as `sftSequence`; of several turns those are left out for which the limit leaves no room
 */
export function sftSequences(
  tokenizer: Tokenizer,
  example: SftContent,
  options: LengthLimit & { trainOn?: 'last' | 'all' } = {},
): Outcome<TokenisedExample[]> {
  const whole = sftSequence(tokenizer, example, options);
  if (!whole.problem) return { value: [whole.value] };
  if (whole.problem.code !== 'unstable-template' || !('messages' in example)) return whole;
  const { messages, ...told } = example;
  const turns = messages.flatMap(({ role }, i) => (role === 'assistant' ? [messages.slice(0, i + 1)] : []));
  const last = { ...options, trainOn: 'last' } as const;
  const outcomes = turns.map((turn) => sftSequence(tokenizer, { ...told, messages: turn }, last));
  const kept = outcomes.flatMap(({ value }) => (value === undefined ? [] : [value]));
  return kept.length > 0 ? { value: kept } : { problem: outcomes[0].problem! };
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
  const { prompt: start, answers } = promptAndAnswers(tokenizer, prompt, [chosen, rejected]);
  const side = (completion: number[]) => {
    return limited([...start, ...completion], [[start.length, start.length + completion.length]], maxLength);
  };
  const sides = { chosen: side(answers[0]), rejected: side(answers[1]) };
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
