import { RewardModel, ScoreHead } from '@selfjudge/engine';
import {
  arg,
  entry,
  type Entry,
  fields,
  given,
  junk,
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
import { tinyLora } from './tiny.js';
import * as v from './wrongValues.js';

type Any = never;

const rewarded = training.rewardTrainable(v.model, { seed: 1, lora: tinyLora });
const rewardOptimizer = new training.AdamW(rewarded.parameters, training.rewardDefaults);
const pair = { id: 'a', chosen: [1, 2], rejected: [1, 3], margin: 1 };
const notIds = fc.oneof(
  notListOf(1, notWhole(0)).filter((value) => !ArrayBuffer.isView(value)),
  fc.constant([]),
);
const notPair = notObjectOf(
  { ...pair },
  { id: notText, chosen: notIds, rejected: notIds, margin: given(notNumber()) },
);
const pairs = arg([pair], fc.oneof(notListOf(pair, notPair), fc.constant([])));
const model = arg(new RewardModel(v.view, ScoreHead.init(v.model, 1)), fc.oneof(junk, fc.constant(v.view)));
const trainable = arg(rewarded, fc.oneof(v.notTrainable, fc.constant(v.trainable)));
const optimizer = arg(rewardOptimizer, v.notOptimizer);
const signal = arg(new AbortController().signal, given(junk));
const centre = arg(0.01, notNumber(0));
const row = { id: 'a', prompt: 'q', chosen: 'b', rejected: 'c' };

/** What trains reward models. */
export const rewardEntries: Record<string, Entry> = {
  bradleyTerry: entry(training.bradleyTerry, {
    chosen: arg(1, fc.oneof(notText.filter((value) => typeof value !== 'number'))),
    rejected: arg(0, fc.oneof(notText.filter((value) => typeof value !== 'number'))),
    p: fields({ centerRewardsCoefficient: centre, margin: arg(0, notNumber()) }, notObject),
  }),
  rewardBackward: entry(training.rewardBackward, {
    model,
    pairs,
    options: fields({ centerRewardsCoefficient: centre, tokenBudget: arg(64, notLimit) }, notObject),
    at: fields(
      {
        dropout: arg(
          { seed: 1, step: 1 },
          given(notObjectOf({ seed: 1, step: 1 }, { seed: notWhole(0), step: notWhole(0) })),
        ),
        signal,
      },
      given(notObject),
    ),
  }),
  prepareReward: entry(training.prepareReward, {
    tokenizer: arg(v.tokenizer, junk),
    rows: arg(
      [row],
      notListOf(
        row,
        notObjectOf(
          { ...row },
          {
            id: notText,
            prompt: notPrompt,
            chosen: notText,
            rejected: notText,
            margin: given(notNumber()),
          },
        ),
      ),
    ),
    options: fields({ maxLength: arg(100, notLimit) }, notObject),
  }),
  rewardTask: entry(training.rewardTask, {
    trainable,
    pairs,
    options: v.options.reward,
    heldOut: arg([], given(junk)),
  }),
  rewardStep: entry(training.rewardStep, {
    pairs,
    run: fields({ trainable, optimizer, options: v.options.reward }, notObject),
    at: fields({ step: arg(1, notWhole(1)), learningRate: arg(1e-3, notNumber(0)), signal }, notObject),
  }),
  rewardTrainable: entry(
    (...values: Any[]) => training.rewardTrainable(...(values as unknown as [Any, Any])),
    {
      model: arg(v.model, v.notModel),
      options: fields(
        {
          seed: arg(1, notWhole(0)),
          lora: arg(tinyLora, given(notObject)),
          start: arg(undefined, given(junk)),
          head: arg(undefined, given(junk)),
          padTokenId: arg(undefined, given(notWhole(0))),
        },
        notObject,
      ),
    },
  ),
};
