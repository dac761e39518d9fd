import fc from 'fast-check';
import { byteTokenizer } from '@selfjudge/text';
import { arg, entry, fields, type Entry } from '@selfjudge/testing/wrongCalls';
import {
  except,
  noneOf,
  notFlag,
  notFunction,
  notList,
  notLimit,
  notListOf,
  notNumber,
  notObject,
  notWhole,
} from '@selfjudge/testing/wrongValues';
import * as engine from '../../index.js';
import { notView, view } from './models.js';
import { notSequences, sequence } from './tensors.js';
import { junk, perhaps } from './values.js';

const tokenizer = byteTokenizer({ words: [' A'] });
const notIds = fc.oneof(
  notList.filter((v) => !(v instanceof Float64Array)),
  fc.constantFrom([-1], [0.5], ['1'], [undefined], [NaN]),
);

const prompts = arg([[1, 2]], fc.oneof(notListOf([1], notIds), fc.constantFrom([[]], [[1000]])));
const sample: engine.Sample = { tokens: [1], logprobs: new Float32Array(1), finish: 'eos' };
const options = fields(
  {
    maxNewTokens: arg(1, notWhole(1, 2048)),
    temperature: arg(1, perhaps(notNumber(0, 1e6))),
    topP: arg(0.9, perhaps(notNumber(0.01, 1))),
    topK: arg(2, perhaps(notWhole(0, 2 ** 31 - 1))),
    minP: arg(0, perhaps(notNumber(0, 1))),
    vocabSize: arg(8, perhaps(notWhole(1, 256))),
    seed: arg(
      1,
      perhaps(except((v) => typeof v === 'bigint' || (Number.isSafeInteger(v) && (v as number) >= 0))),
    ),
    count: arg(1, perhaps(notWhole(1, 2 ** 31 - 1))),
    eos: arg([1], perhaps(notListOf(1, notWhole(0, 260)))),
    maxBatch: arg(1, perhaps(notWhole(1, 128))),
    poolTokens: arg(4096, perhaps(notWhole(1))),
    firstSequence: arg(0, perhaps(notWhole(0, 2 ** 31 - 2))),
    firstSequences: arg([0], perhaps(notListOf(0, notWhole(0, 2 ** 31 - 2)))),
    samplingLogprobs: arg(true, perhaps(notFlag)),
    onToken: arg(() => () => {}, perhaps(notFunction)),
    onProgress: arg(() => () => {}, perhaps(notFunction)),
    signal: arg(new AbortController().signal, perhaps(junk)),
  },
  notObject,
);

export const generationEntries: Record<string, Entry> = {
  answerText: entry(engine.answerText, {
    tokenizer: arg(tokenizer, junk),
    sample: fields(
      { tokens: arg([1], notIds), finish: arg('eos', noneOf('eos', 'length', 'error')) },
      notObject,
    ),
  }),
  assertFinished: entry(engine.assertFinished, {
    samples: arg([[sample]], notListOf([sample], notListOf(sample, notObject))),
  }),
  generate: entry(engine.generate, { view: arg(view, notView), prompts, options }),
  sampleAnswers: entry(engine.sampleAnswers, {
    view: arg(view, notView),
    tokenizer: arg(tokenizer, junk),
    prompts,
    options,
  }),
  scoreSequences: entry(engine.scoreSequences, {
    groups: arg([[sequence]], notListOf([sequence], notSequences)),
    view: arg(view, notView),
    tokenBudget: arg(64, notLimit),
    signal: arg(new AbortController().signal, perhaps(junk)),
  }),
};
