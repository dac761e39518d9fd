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

const isPrompt = kind(
  'a string or a list of messages',
  (value) => typeof value === 'string' || Array.isArray(value),
);

/** A prompt: a string, or a conversation. */
export const prompt: Check = (value, what, where) => {
  isPrompt(value, what, where);
  if (typeof value !== 'string') messages(value, what, where);
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
