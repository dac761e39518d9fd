export type { BestOf, BestOfOptions } from './bestOf.js';
export type { Comparison, Strength } from './bradleyTerry.js';
export type { Calibration } from './calibrated.js';
export type { EnsembleEvidence, EnsembleOptions, EnsembleVerdict } from './ensemble.js';
export type { JudgeSequences, LabelledPair } from './examples.js';
export {
  bestOf,
  bradleyTerry,
  calibrated,
  contextText,
  logOdds,
  positionBias,
  rankAnswers,
  ensemble,
  formatJudgeTemplate,
  fromScorer,
  rewardScorer,
  judgeBehaviour,
  judgeSequences,
  loadJudgeTemplate,
  recorded,
  regularised,
  tokenEvidence,
  tournament,
  verdictOf,
  voteOf,
} from './face.js';
export type { VerdictTokens } from './format.js';
export { OVERALL } from './parts.js';
export type { CompareOptions, Judge } from './judge.js';
export { JudgeFormat } from './judgeFormat.js';
export type { JudgeBehaviour } from './metrics.js';
export type { JudgePair, Order } from './pair.js';
export { parseJudgeTemplate } from './parseTemplate.js';
export type { JudgeParts, JudgePrinciple, JudgeTemplate, ShownConversation } from './template.js';
export { shippedTemplates } from './templateFile.js';
export type {
  RecordedEvidence,
  RecordedJudge,
  RecordedJudgment,
  RecordedOptions,
  RecordedVerdict,
} from './recorded.js';
export type { Reference, RegularisedEvidence, RegularisedVerdict } from './regularised.js';
export type { JudgeReasoning } from './reasoning.js';
export type { ScorerJudge } from './fromScorer.js';
export type { ScoredAnswer, Scorer } from './scorer.js';
export type { RankedAnswers, RankingRounds, RankMatch, RankOptions } from './rankAnswers.js';
export { TokenJudge } from './tokenJudge.js';
export type { Match, Round, Tournament } from './tournament.js';
export type {
  Evidence,
  JudgedOrder,
  NoVerdict,
  TokenEvidence,
  TokenVerdict,
  Verdict,
  Vote,
} from './verdict.js';
