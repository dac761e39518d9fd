// Checks of what the library's functions work on. Of our classes they ask for the members that are used, so that a
// stand-in with the same members will do.
import { Device } from '../tensor/device.js';
import { isMessage } from '../tokenizer/message.js';
import {
  anything,
  callback,
  having,
  instance,
  kind,
  list,
  object,
  optional,
  text,
  whole,
  type Check,
} from './kinds.js';

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

/** A number that keys randomness on a device. */
export const key = whole(0, 2 ** 32 - 1);
export const dropoutKey = object({ seed: key, step: key });

export const tokenizer = having('a Tokenizer', {
  renderChat: callback,
  encodeRendered: callback,
  decode: callback,
});

export const renderedText = having('rendered text', {
  text,
  pieces: list(object({ text, control: optional(whole(0)) })),
});

export const model = having('a LlamaModel', {
  config: object({}),
  device: instance(Device),
  layers: list(anything),
  view: callback,
});

/** What scores: all that judging and evaluation need of a view. */
export const scorer = having('a ModelView', {
  score: callback,
  model: object({ config: object({ maxPositions: whole(1) }) }),
});

/** What also samples and trains. */
export const view = having('a ModelView', {
  model,
  adapters: list(anything),
  linear: callback,
  logprobs: callback,
});
