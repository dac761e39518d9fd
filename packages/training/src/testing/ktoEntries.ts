import {
  arg,
  entry,
  except,
  type Entry,
  fields,
  given,
  junk,
  notFlag,
  notLimit,
  notListOf,
  notNumber,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import * as training from '../index.js';
import * as v from './wrongValues.js';

const notIds = notListOf(1, notWhole(0)).filter((value) => !ArrayBuffer.isView(value));
const row = { id: 'a', prompt: [1, 2], answer: [3], label: true };
const notRow = notObjectOf(
  { ...row },
  { id: notText, prompt: notIds, answer: fc.oneof(notIds, fc.constant([])), label: notFlag },
);
const rows = arg([row, row], notListOf(row, notRow));
const notMeasured = except((value) => typeof value === 'number');
const scored = { logp: -1, reference: -2, label: false };
const score = { logp: notMeasured, reference: notMeasured };
const weights = {
  beta: arg(0.1, v.wrongOptions.beta),
  desirableWeight: arg(1, v.wrongOptions.desirableWeight),
  undesirableWeight: arg(1, v.wrongOptions.undesirableWeight),
};
const signal = arg(new AbortController().signal, given(junk));
const trainable = arg(v.trainable, v.notTrainable);

/** What trains on answers with labels. */
export const ktoEntries: Record<string, Entry> = {
  ktoLoss: entry(training.ktoLoss, {
    answers: arg([scored], notListOf(scored, notObjectOf(scored, { ...score, label: notFlag }))),
    z: arg(0, notNumber(0)),
    options: fields(weights, notObject),
  }),
  ktoDivergence: entry(training.ktoDivergence, {
    others: arg([scored], notListOf(scored, notObjectOf(scored, score))),
  }),
  ktoBackward: entry(training.ktoBackward, {
    rows,
    views: fields({ policy: arg(v.view, v.notView), reference: arg(v.view, v.notView) }, notObject),
    options: fields({ ...weights, maxLength: arg(99, notLimit), tokenBudget: arg(64, notLimit) }, notObject),
    at: fields({ signal }, given(notObject)),
  }),
  prepareLabelled: entry(training.prepareLabelled, {
    tokenizer: arg(v.tokenizer, junk),
    rows: arg(
      [],
      notObjectOf(
        { id: 'a', prompt: 'q', completion: 'b', label: true },
        { id: notText, prompt: notPrompt, completion: notText, label: notFlag },
      ).map((one) => [one]),
    ),
    options: fields({ maxLength: arg(9, notLimit) }, notObject),
  }),
  ktoTask: entry(training.ktoTask, {
    trainable,
    rows: arg([row, row], fc.oneof(notListOf(row, notRow), fc.constant([]))),
    options: v.options.kto,
    heldOut: arg([row], given(notListOf(row, notRow))),
  }),
  ktoStep: entry(training.ktoStep, {
    rows,
    run: fields(
      { trainable, optimizer: arg(v.optimizer, v.notOptimizer), options: v.options.kto },
      notObject,
    ),
    at: fields({ step: arg(1, notWhole(1)), learningRate: arg(1e-3, notNumber(0)), signal }, notObject),
  }),
};
