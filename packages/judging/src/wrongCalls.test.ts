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
  notFunction,
  notLimit,
  notList,
  notListOf,
  notNumber,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongCalls';
import { RewardModel, ScoreHead } from '@selfjudge/engine';
import fc from 'fast-check';
import * as judging from './index.js';

const { TokenJudge, JudgeFormat } = judging;
const model = byteModel();
const tokenizer = model.tokenizer!;
const reward = new RewardModel(model.view(), ScoreHead.init(model, 1));
const template = judging.loadJudgeTemplate('principled-rationale');
const judge = new TokenJudge(model.view(), tokenizer, judging.loadJudgeTemplate('plain'));
const format = JudgeFormat.of(template, tokenizer);

const pair = { prompt: 'a', a: 'b', b: 'c' };
const notPair = notObjectOf(pair, { prompt: notPrompt, a: notText, b: notText });
const notTemplate = notObjectOf(
  { ...template },
  {
    name: notText,
    system: given(notText),
    user: notText,
    assistant: notText,
    verdicts: notObjectOf({ a: ' A', b: ' B' }, { a: notText, b: notText }),
    principles: notListOf(
      { name: 'a', text: 'b' },
      notObjectOf({ name: 'a', text: 'b' }, { name: notText, text: notText }),
    ),
    rationale: given(notText),
  },
);
const notMeasured = except((value) => typeof value === 'number');
const order = { rendered: '', pA: 0.6, pB: 0.2 };
const notOrder = notObjectOf(order, { pA: notMeasured, pB: notMeasured });
const vote = judging.voteOf('overall', order, order);
const notVote = notObjectOf(
  { ...vote },
  { winner: noneOf('a', 'b', 'tie', null), scoreA: notMeasured, scoreB: notMeasured },
);
const verdict = judging.verdictOf([order, order], [vote]);
const notVerdict = notObjectOf(
  { ...verdict },
  {
    winner: noneOf('a', 'b', 'tie', null),
    scoreA: notNumber(),
    probability: notNumber(0, 1),
    reason: given(notText),
    evidence: given(
      notObjectOf(
        { ...verdict.evidence! },
        { kind: notText, orders: notListOf(order, notOrder), votes: notListOf(vote, notVote) },
      ),
    ),
  },
);
const notJudge = fc.oneof(junk, fc.constant({ compare: 1 }));
const scorer = { score: (answers: readonly unknown[]) => Promise.resolve(answers.map(() => 1)) };
const notScorer = fc.oneof(junk, fc.constant({ score: 1 }));
const judgment = { prompt: 'a', completions: ['b', 'c'], winner: 'a' };
const reference = { view: model.view(), tokenizer };
const compareOptions = {
  tokenBudget: arg(4096, given(notLimit)),
  onProgress: arg(() => () => {}, given(notFunction)),
  signal: arg(new AbortController().signal, given(junk)),
};
const question = arg(0, notWhole(0, format.questions.length - 1));
const shownFirst = arg('ab', noneOf('ab', 'ba'));
const rendered = format.render(pair, 'ab', 0);
const notRendered = notObjectOf({ ...rendered }, { text: notText, pieces: notList });
const candidates = { prompt: 'a', candidates: ['b', 'c'] };

describeWrongCalls({
  exports: judging,
  table: {
    'new TokenJudge': entry(
      (view: typeof judge.view, of: typeof tokenizer, by: typeof template) => new TokenJudge(view, of, by),
      {
        view: arg(model.view(), junk),
        tokenizer: arg(tokenizer, junk),
        template: arg(template, notTemplate),
      },
    ),
    'TokenJudge#sequences': entry((of: typeof pair) => judge.sequences(of), { pair: arg(pair, notPair) }),
    'TokenJudge#compare': entry((pairs: (typeof pair)[], options: object) => judge.compare(pairs, options), {
      pairs: arg([pair], notListOf(pair, notPair)),
      options: fields(compareOptions, given(notObject)),
    }),
    'JudgeFormat.of': entry(JudgeFormat.of, {
      template: arg(template, notTemplate),
      tokenizer: arg(tokenizer, junk),
    }),
    'JudgeFormat#verdicts': entry((of: number) => format.verdicts(of), { question }),
    'JudgeFormat#render': entry((of: typeof pair, by: 'ab', about: number) => format.render(of, by, about), {
      pair: arg(pair, notPair),
      order: shownFirst,
      question,
    }),
    'JudgeFormat#ids': entry((of: typeof rendered) => format.ids(of), {
      rendered: arg(rendered, notRendered),
    }),
    'JudgeFormat#rationaleIds': entry(
      (prefix: typeof rendered, winner: 'a', by: 'ab', reasons: string) =>
        format.rationaleIds(prefix, winner, by, reasons),
      {
        prefix: arg(rendered, notRendered),
        verdict: arg('a', noneOf('a', 'b')),
        order: shownFirst,
        reasons: arg(
          { chosen: 'b', rejected: 'c' },
          except((v) => typeof v === 'string'),
        ),
      },
    ),
    bestOf: entry(judging.bestOf, {
      view: arg(model.view(), junk),
      judge: arg(judge, notJudge),
      prompts: arg(['a'], notListOf('a', notPrompt)),
      options: fields(
        {
          tokenizer: arg(tokenizer, junk),
          n: arg(1, notWhole(1)),
          seed: arg(0, given(notWhole(0))),
          sampling: fields(
            { maxNewTokens: arg(1, notWhole(1, 2000)), topP: arg(0.9, given(notNumber(0.01, 1))) },
            notObject,
          ),
          judging: fields(compareOptions, given(notObject)),
        },
        notObject,
      ),
    }),
    fromScorer: entry(judging.fromScorer, { scorer: arg(scorer, notScorer) }),
    rewardScorer: entry(judging.rewardScorer, {
      reward: arg(reward, junk),
      tokenizer: arg(tokenizer, junk),
    }),
    ensemble: entry(judging.ensemble, {
      judges: arg([judge], fc.oneof(notListOf(judge, notJudge), fc.constant([]))),
      options: fields(
        {
          weights: arg([2], given(fc.oneof(notListOf(1, notNumber(Number.MIN_VALUE)), fc.constant([1, 1])))),
          by: arg('votes', given(noneOf('probability', 'votes'))),
        },
        given(notObject),
      ),
    }),
    recorded: entry(judging.recorded, {
      source: arg(
        [judgment],
        fc.oneof(
          notListOf(
            judgment,
            notObjectOf(judgment, {
              prompt: notPrompt,
              completions: fc.oneof(notList, fc.constantFrom([], ['b'], ['b', 'c', 'd'], ['b', 1])),
              winner: noneOf('a', 'b', 'tie'),
            }),
          ).filter((value) => typeof value !== 'string'),
          fc.constantFrom('', 'a\0b'),
        ),
      ),
      options: arg(undefined, fc.constantFrom({}, null, 1)),
    }),
    regularised: entry(
      (of: typeof scorer, by: typeof reference, weight: number) => judging.regularised(of, by, weight),
      {
        of: arg(scorer, fc.oneof(notScorer, fc.constant({ compare: 1 }))),
        reference: fields({ view: arg(model.view(), junk), tokenizer: arg(tokenizer, junk) }, notObject),
        weight: arg(0.1, notNumber()),
      },
    ),
    bradleyTerry: entry(judging.bradleyTerry, {
      count: arg(2, notWhole(1)),
      comparisons: arg(
        [{ a: 0, b: 1, points: 1 }],
        notListOf(
          { a: 0, b: 1, points: 1 },
          notObjectOf(
            { a: 0, b: 1, points: 1 },
            { a: notWhole(0, 1), b: notWhole(0, 1), points: notNumber(0, 1) },
          ),
        ),
      ),
    }),
    rankAnswers: entry(judging.rankAnswers, {
      entries: arg(
        [candidates],
        notListOf(
          candidates,
          notObjectOf(candidates, {
            prompt: notPrompt,
            candidates: fc.oneof(notListOf('b', notText), fc.constant([])),
          }),
        ),
      ),
      judge: arg(judge, notJudge),
      options: fields(
        {
          rounds: arg('swiss', given(noneOf('round-robin', 'swiss'))),
          seed: arg(0, given(notWhole(0))),
          judging: fields(compareOptions, given(notObject)),
        },
        given(notObject),
      ),
    }),
    calibrated: entry(judging.calibrated, {
      judge: arg(judge, notJudge),
      calibration: fields(
        {
          temperature: arg(1, given(fc.oneof(notNumber(0), fc.constant(0)))),
          lengthCoefficient: arg(0.5, given(notNumber())),
          tieThreshold: arg(0.1, given(fc.oneof(notNumber(0, 0.5), fc.constant(0.5)))),
          leastMass: arg(0.1, given(notNumber(0, 1))),
        },
        notObject,
      ),
    }),
    logOdds: entry(judging.logOdds, { verdict: arg(verdict, notVerdict) }),
    positionBias: entry(judging.positionBias, { verdict: arg(verdict, notVerdict) }),
    contextText: entry(judging.contextText, {
      prompt: arg('a', notPrompt),
      shown: fields(
        {
          speakers: arg('always', given(noneOf('several', 'always', 'never'))),
          system: arg('drop', given(noneOf('keep', 'drop'))),
        },
        given(notObject),
      ),
    }),
    judgeSequences: entry(judging.judgeSequences, {
      labelled: fields(
        {
          prompt: arg('a', notPrompt),
          chosen: arg('b', notText),
          rejected: arg('c', notText),
          labels: arg(
            {},
            given(
              fc.oneof(
                notObject,
                noneOf('chosen', 'rejected').map((label) => ({ honesty: label })),
              ),
            ),
          ),
          rationales: arg(
            {},
            given(
              fc.oneof(
                notObject,
                notText.map((reason) => ({ honesty: reason })),
              ),
            ),
          ),
        },
        notObject,
      ),
      template: arg(template, notTemplate),
      tokenizer: arg(tokenizer, junk),
    }),
    loadJudgeTemplate: entry(judging.loadJudgeTemplate, {
      nameOrPath: arg('plain', fc.oneof(notText, fc.constantFrom('', 'plan', '/nothing')), ''),
    }),
    parseJudgeTemplate: entry(judging.parseJudgeTemplate, { content: arg({ ...template }, notTemplate, '') }),
    formatJudgeTemplate: entry(judging.formatJudgeTemplate, { template: arg(template, notTemplate) }),
    judgeBehaviour: entry(judging.judgeBehaviour, {
      verdicts: arg([verdict], notListOf(verdict, notVerdict)),
      lengths: arg(
        [[1, 2]],
        fc.oneof(
          notList,
          fc.constantFrom([], [[1]]),
          notNumber(0).map((length) => [[length, 1]]),
        ),
      ),
    }),
    tournament: entry(judging.tournament, {
      entries: arg(
        [candidates],
        notListOf(
          candidates,
          notObjectOf(candidates, {
            prompt: notPrompt,
            candidates: fc.oneof(notListOf('b', notText), fc.constant([])),
          }),
        ),
      ),
      judge: arg(judge, notJudge),
      seed: arg(1, notWhole(0)),
      judging: fields(compareOptions, given(notObject)),
    }),
    tokenEvidence: entry(judging.tokenEvidence, { verdict: arg(verdict, notVerdict) }),
    voteOf: entry(judging.voteOf, {
      principle: arg('overall', notText),
      ab: arg(order, notOrder),
      ba: arg(order, notOrder),
    }),
    verdictOf: entry(judging.verdictOf, {
      orders: arg([order, order], notListOf(order, notOrder)),
      votes: arg([vote], fc.oneof(notListOf(vote, notVote), fc.constant([]))),
    }),
  },
  without: {
    'takes no argument': ['shippedTemplates'],
    'the constructor is private': ['new JudgeFormat'],
  },
  atLeast: 400,
});
