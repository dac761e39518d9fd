// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import { checked, flag, kind, list, optional, options, text, whole } from '@selfjudge/base/checks';
import * as bytes from './byteTokenizer.js';
import { renderedText, tokenizer } from './checks.js';
import * as rendered from './rendered.js';
import * as vocabulary from './vocabulary.js';

const word = kind(
  'a text of two or more bytes',
  (value) => typeof value === 'string' && Buffer.byteLength(value) > 1,
);

export const byteTokenizer = checked(
  'byteTokenizer',
  { options: optional(options({ words: optional(list(word)), chat: optional(flag) })) },
  bytes.byteTokenizer,
);
export const appendText = checked('appendText', { r: renderedText, text }, rendered.appendText);
export const sliceRendered = checked(
  'sliceRendered',
  { r: renderedText, from: whole(0) },
  rendered.sliceRendered,
);
export const singleToken = checked(
  'singleToken',
  { tokenizer, prefix: renderedText, text },
  vocabulary.singleToken,
);
export const checkVocabulary = checked(
  'checkVocabulary',
  { tokenizer, embeddingRows: whole(1) },
  vocabulary.checkVocabulary,
);
