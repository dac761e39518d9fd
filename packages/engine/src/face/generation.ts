// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  anything,
  callback,
  checked,
  checkedAsync,
  flag,
  kind,
  limit,
  list,
  number,
  numbers,
  object,
  oneOf,
  optional,
  options,
  text,
  whole,
} from '@selfjudge/base/checks';
import { tokenizer } from '@selfjudge/text/checks';
import { scorer, sequence, view } from '../checks.js';
import * as generation from '../generation/generate.js';
import * as answers from '../generation/sampleAnswers.js';
import * as scoring from '../scoring/scoreSequences.js';

const seed = kind('a whole number from 0 to 2^53 - 1, or a bigint to 2^64 - 1', (value) =>
  typeof value === 'bigint'
    ? value >= 0n && value < 1n << 64n
    : Number.isSafeInteger(value) && (value as number) >= 0,
);
// Counts and ids are generate's to check: what they may be is the model's to say.
const prompts = list(numbers(anything));
const request = options({
  temperature: optional(number({ min: 0 })),
  topP: optional(number({ above: 0, max: 1 })),
  topK: optional(whole(0)),
  minP: optional(number({ min: 0, max: 1 })),
  vocabSize: optional(anything),
  seed: optional(seed),
  eos: optional(list(anything)),
  firstSequences: optional(list(anything)),
  samplingLogprobs: optional(flag),
  onToken: optional(callback),
  onProgress: optional(callback),
  signal: optional(abortSignal),
});

export const generate = checkedAsync('generate', { view, prompts, options: request }, generation.generate);
export const sampleAnswers = checkedAsync(
  'sampleAnswers',
  { view, tokenizer, prompts, options: request },
  answers.sampleAnswers,
);
export const assertFinished = checked(
  'assertFinished',
  { samples: list(list(object({ error: optional(text) }))) },
  generation.assertFinished,
);
export const answerText = checked(
  'answerText',
  { tokenizer, sample: object({ tokens: numbers(whole(0)), finish: oneOf('eos', 'length', 'error') }) },
  generation.answerText,
);
export const scoreSequences = checkedAsync(
  'scoreSequences',
  { groups: list(list(sequence)), view: scorer, tokenBudget: limit, signal: optional(abortSignal) },
  scoring.scoreSequences,
);
