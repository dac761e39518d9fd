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
import { ArgumentError } from '@selfjudge/base';
import { messageFault } from './message.js';
import { parseMoment, templateArguments } from './templateArguments.js';

export { templateArguments };

/** A moment in the local time zone. */
export const moment = kind(
  "a day and perhaps a time, '2026-11-29' or '2026-11-29T09:15:00'",
  (value) => typeof value === 'string' && parseMoment(value) !== undefined,
);

export const message: Check = (value, what, where) => {
  const received = messageFault(value);
  const expected =
    "{ role: 'system' | 'user' | 'assistant' | 'tool' | 'developer', content: string or text parts }";
  if (received !== undefined) throw new ArgumentError(what, { where, expected, received });
};
const everyMessage = list(message);
const someMessage = kind(
  'a list of at least one message',
  (value) => Array.isArray(value) && value.length > 0,
);
export const messages: Check = (value, what, where) => {
  someMessage(value, what, where);
  everyMessage(value, what, where);
};

const isConversation = (value: unknown): value is { messages: unknown; templateArguments?: unknown } =>
  typeof value === 'object' && value !== null && 'messages' in value;
const isStandard = (value: unknown): boolean =>
  typeof (value as { text?: unknown } | null | undefined)?.text === 'string';
const isPrompt = kind(
  'a string, a list of messages, { messages, templateArguments } or { text: string }',
  (value) => typeof value === 'string' || Array.isArray(value) || isConversation(value) || isStandard(value),
);

/** The id of a token. */
export const tokenId = whole(0, 2 ** 31 - 1);

/** A prompt: a string, a conversation, or text as it stands. */
export const prompt: Check = (value, what, where) => {
  isPrompt(value, what, where);
  if (Array.isArray(value)) return messages(value, what, where);
  if (!isConversation(value)) return;
  messages(value.messages, `${what}.messages`, where);
  templateArguments(value.templateArguments, `${what}.templateArguments`, where);
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
