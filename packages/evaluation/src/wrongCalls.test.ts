import { byteModel } from '@selfjudge/testing/tinyModel';
import {
  arg,
  describeWrongCalls,
  entry,
  except,
  fields,
  given,
  junk,
  noneOf,
  notLimit,
  notList,
  notFlag,
  notListOf,
  notNumber,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import * as evaluation from './index.js';

const model = byteModel();
const order = { rendered: '', pA: 0.6, pB: 0.2 };
const verdict = {
  winner: 'a',
  probability: 0.75,
  scoreA: 0.6,
  scoreB: 0.2,
  evidence: { kind: 'token', orders: [order, order], votes: [] },
};
const judge = {
  compare: (pairs: readonly unknown[]) => Promise.resolve(pairs.map(() => verdict)),
};
const pair = { prompt: 'a', chosen: 'b', rejected: 'c' };
const notPairs = notListOf(
  pair,
  notObjectOf(pair, { prompt: notPrompt, chosen: notText, rejected: notText }),
);
const lengths = arg(
  [[1, 2]],
  fc.oneof(
    notList,
    fc.constant([]),
    fc
      .oneof(
        notList,
        fc.constant([1]),
        notNumber(0).map((length) => [1, length]),
      )
      .map((one) => [one]),
  ),
);
const notAnswer = except((value) => typeof value === 'number');
const notJudge = fc.oneof(junk, fc.constant({ compare: 1 }));

describeWrongCalls({
  exports: evaluation,
  table: {
    wilson: entry(evaluation.wilson, {
      successes: arg(3, fc.oneof(notNumber(0), fc.constant(11))),
      n: arg(10, fc.oneof(notNumber(0)), undefined),
    }),
    bootstrapMean: entry(evaluation.bootstrapMean, {
      items: arg(
        [{ group: 'a', value: 1 }],
        notListOf(
          { group: 'a', value: 1 },
          notObjectOf({ group: 'a', value: 1 }, { group: notText, value: notAnswer }),
        ),
      ),
      options: fields(
        { resamples: arg(10, given(notWhole(1))), seed: arg(0, given(notWhole(0))) },
        given(notObject),
      ),
    }),
    lengthControlled: entry(evaluation.lengthControlled, {
      outcomes: arg(
        [{ points: 1, lengthA: 1, lengthB: 2 }],
        notListOf(
          { points: 1, lengthA: 1, lengthB: 2 },
          notObjectOf(
            { points: 1, lengthA: 1, lengthB: 2 },
            { points: notNumber(0, 1), lengthA: notNumber(0), lengthB: notNumber(0) },
          ),
        ),
      ),
    }),
    implicitReward: entry(evaluation.implicitReward, {
      policy: arg(model.view(), junk),
      reference: arg(model.view(), junk),
      tokenizer: arg(model.tokenizer, junk),
      pairs: arg([pair], notPairs),
      options: fields(
        {
          beta: arg(0.1, fc.oneof(notNumber(0), fc.constant(0))),
          maxLength: arg(100, given(notLimit)),
          tokenBudget: arg(100, given(notLimit)),
        },
        notObject,
      ),
    }),
    implicitRewardOf: entry(evaluation.implicitRewardOf, {
      chosen: arg([1], notListOf(1, notAnswer)),
      rejected: arg(
        [2],
        fc.oneof(
          notList,
          fc.constant([]),
          notAnswer.map((value) => [value]),
        ),
      ),
    }),
    fitCalibration: entry(evaluation.fitCalibration, {
      known: arg(
        Array.from({ length: 50 }, () => ({ verdict, label: 'a', lengths: [2, 1] })),
        notListOf(
          { verdict, label: 'a', lengths: [2, 1] },
          fc.oneof(
            notObject,
            noneOf('a', 'b', 'tie')
              .filter((label) => label !== undefined)
              .map((label) => ({ verdict, label, lengths: [2, 1] })),
            fc.constant({ verdict, label: 'a' }),
          ),
        ),
      ),
      options: fields({ byLength: arg(false, given(notFlag)) }, notObject),
    }),
    judgeAgreement: entry(evaluation.judgeAgreement, {
      judge: arg(judge, notJudge),
      pairs: arg([pair], notPairs),
    }),
    agreementOf: entry(evaluation.agreementOf, {
      verdicts: arg(
        [verdict],
        notListOf(
          verdict,
          fc.oneof(
            notObject,
            noneOf('a', 'b', 'tie', null).map((winner) => ({ ...verdict, winner })),
          ),
        ),
      ),
      lengths,
    }),
    winRate: entry(evaluation.winRate, {
      judge: arg(judge, notJudge),
      prompts: arg(['a'], notListOf('a', notPrompt)),
      answersA: arg(['b'], fc.oneof(notListOf('b', notText), fc.constant([]))),
      answersB: arg(['c'], fc.oneof(notListOf('c', notText), fc.constant([]))),
    }),
    winRateOf: entry(evaluation.winRateOf, {
      winners: arg(['a'], notListOf('a', noneOf('a', 'b', 'tie', null))),
      lengths,
    }),
  },
  without: {},
  atLeast: 250,
});
