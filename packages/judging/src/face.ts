// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  checked,
  checkedAsync,
  flag,
  instance,
  kind,
  list,
  number,
  object,
  oneOf,
  optional,
  options,
  text,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { RewardModel } from '@selfjudge/engine';
import { scorer, view } from '@selfjudge/engine/checks';
import { prompt, tokenizer } from '@selfjudge/text/checks';
import * as best from './bestOf.js';
import * as is from './checks.js';
import * as strengths from './bradleyTerry.js';
import * as calibration from './calibrated.js';
import * as context from './context.js';
import * as ensembles from './ensemble.js';
import * as examples from './examples.js';
import * as scorers from './fromScorer.js';
import * as metrics from './metrics.js';
import * as rankings from './rankAnswers.js';
import * as records from './recorded.js';
import * as regular from './regularised.js';
import * as rewards from './rewardScorer.js';
import * as templates from './templateFile.js';
import * as tournaments from './tournament.js';
import * as verdicts from './verdict.js';

export const bestOf = checkedAsync(
  'bestOf',
  {
    view,
    judge: is.isJudge,
    prompts: list(prompt),
    options: options({
      tokenizer,
      n: whole(1),
      seed: optional(whole(0)),
      sampling: object({}), // generate's to check
      judging: optional(is.compareOptions),
    }),
  },
  best.bestOf,
);
export const bradleyTerry = checked(
  'bradleyTerry',
  {
    count: whole(1),
    comparisons: {
      from: (count) => list(is.comparisonOf(count)),
    },
  },
  strengths.bradleyTerry,
);
export const rankAnswers = checkedAsync(
  'rankAnswers',
  {
    entries: list(object({ prompt, candidates: list(text, 1) })),
    judge: is.isJudge,
    options: optional(
      options({
        rounds: optional(oneOf('round-robin', 'swiss')),
        seed: optional(whole(0)),
        judging: optional(is.compareOptions),
      }),
    ),
  },
  rankings.rankAnswers,
);
export const calibrated = checked(
  'calibrated',
  {
    judge: is.isJudge,
    calibration: options({
      temperature: optional(number({ above: 0 })),
      lengthCoefficient: optional(number()),
      tieThreshold: optional(number({ min: 0, below: 0.5 })),
      leastMass: optional(number({ min: 0, max: 1 })),
    }),
  },
  calibration.calibrated,
);
export const logOdds = checked('logOdds', { verdict: is.isVerdict }, calibration.logOdds);
export const positionBias = checked('positionBias', { verdict: is.isVerdict }, calibration.positionBias);
export const contextText = checked(
  'contextText',
  { prompt, shown: optional(is.isShownConversation) },
  context.contextText,
);

/** An object by the names of principles. */
const byName =
  (of: Check): Check =>
  (value, what, where) => {
    object({})(value, what, where);
    for (const [name, one] of Object.entries(value as object)) of(one, `${what}.${name}`, where);
  };
export const fromScorer = checked('fromScorer', { scorer: is.isScorer }, scorers.fromScorer);
export const rewardScorer = checked(
  'rewardScorer',
  { reward: instance(RewardModel), tokenizer },
  rewards.rewardScorer,
);
export const ensemble = checked(
  'ensemble',
  {
    judges: list(is.isJudge, 1),
    options: {
      from: (judges) =>
        optional(
          options({
            weights: optional(is.listOf(number({ above: 0 }), judges.length)),
            by: optional(oneOf('probability', 'votes')),
          }),
        ),
    },
  },
  ensembles.ensemble,
);
const ofFile = options({ promptFormat: optional(oneOf('standard', 'chat')) });
const ofRows = kind('none for rows in memory', (value) => value === undefined);
export const recorded = checkedAsync(
  'recorded',
  {
    source: is.isRecord,
    options: { from: (source) => (typeof source === 'string' ? optional(ofFile) : optional(ofRows)) },
  },
  records.recorded,
);
export const regularised = checked(
  'regularised',
  { of: is.isJudgeOrScorer, reference: object({ view: scorer, tokenizer }), weight: number() },
  regular.regularised,
);
export const judgeSequences = checked(
  'judgeSequences',
  {
    labelled: object({
      prompt,
      chosen: text,
      rejected: text,
      labels: optional(byName(oneOf('chosen', 'rejected'))),
      rationales: optional(byName(is.isReasons)),
    }),
    template: is.isTemplate,
    tokenizer,
    options: optional(options({ rationaleEos: optional(flag) })),
  },
  examples.judgeSequences,
);
export const judgeBehaviour = checked(
  'judgeBehaviour',
  {
    verdicts: list(is.isVerdict),
    lengths: { from: (of) => list(is.isLengths, of.length) },
  },
  metrics.judgeBehaviour,
);
export const loadJudgeTemplate = checked(
  'loadJudgeTemplate',
  { nameOrPath: text },
  templates.loadJudgeTemplate,
);
export const formatJudgeTemplate = checked(
  'formatJudgeTemplate',
  { template: is.isTemplate },
  templates.formatJudgeTemplate,
);
export const tokenEvidence = checked('tokenEvidence', { verdict: is.isVerdict }, verdicts.tokenEvidence);
export const tournament = checkedAsync(
  'tournament',
  {
    entries: list(object({ prompt, candidates: list(text) })),
    judge: is.isJudge,
    seed: whole(0),
    judging: optional(is.compareOptions),
  },
  tournaments.tournament,
);
export const voteOf = checked('voteOf', { principle: text, ab: is.isOrder, ba: is.isOrder }, verdicts.voteOf);
export const verdictOf = checked(
  'verdictOf',
  { orders: is.isOrders, votes: list(is.isVote, 1) },
  verdicts.verdictOf,
);
