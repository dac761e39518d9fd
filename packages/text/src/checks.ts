// Checks of texts, conversations and tokenizers. Of our classes they ask for the members that are used, so that a stand-in
// with the same members will do.
import {
  callback,
  having,
  kind,
  list,
  object,
  optional,
  text,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { isMessage } from './message.js';

export const message = kind("{ role: 'system' | 'user' | 'assistant', content: string }", isMessage);
const everyMessage = list(message);
const someMessage = kind(
  'a list of at least one message',
  (value) => Array.isArray(value) && value.length > 0,
);
export const messages: Check = (value, what, where) => {
  someMessage(value, what, where);
  everyMessage(value, what, where);
};

const isStandard = (value: unknown): boolean =>
  typeof (value as { text?: unknown } | null | undefined)?.text === 'string';
const isPrompt = kind(
  'a string, a list of messages or { text: string }',
  (value) => typeof value === 'string' || Array.isArray(value) || isStandard(value),
);

/** The id of a token. */
export const tokenId = whole(0, 2 ** 31 - 1);

/** A prompt: a string, a conversation, or text as it stands. */
export const prompt: Check = (value, what, where) => {
  isPrompt(value, what, where);
  if (Array.isArray(value)) messages(value, what, where);
};

export const tokenizer = having('a Tokenizer', {
  renderChat: callback,
  encodeRendered: callback,
  decode: callback,
});

export const renderedText = having('rendered text', {
  text,
  pieces: list(object({ text, control: optional(whole(0)) })),
});
