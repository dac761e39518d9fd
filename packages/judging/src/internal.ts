// What the workspace's packages use: functions that do not check their arguments.
export { askedAbout, type Asked } from './asked.js';
export { askedOnce, type VerdictStore } from './askedOnce.js';
export { bestOf } from './bestOf.js';
export { bradleyTerry } from './bradleyTerry.js';
export {
  calibrated,
  calibratedVerdict,
  logLengthRatio,
  logOdds,
  positionBias,
  type Calibration,
  type Lengths,
} from './calibrated.js';
export { contextText } from './context.js';
export { ensemble, membersOf } from './ensemble.js';
export { judgeSequences } from './examples.js';
export { explainVerdicts, type Explanation, type ExplainOptions } from './explain.js';
export { openedQuestion, QuestionFormat } from './format.js';
export { fromScorer, isScorerJudge } from './fromScorer.js';
export { judgeRewards, winningChance, type RewardedAnswers } from './judgeRewards.js';
export { rewardScorer } from './rewardScorer.js';
export { consult, judgeBy } from './judge.js';
export { ORDERS } from './pair.js';
export { questionsOf } from './parts.js';
export { questionOf, type Question } from './question.js';
export { judgeBehaviour } from './metrics.js';
export { neighbours, nextRound } from './knockout.js';
export { rankAnswers } from './rankAnswers.js';
export { recorded } from './recorded.js';
export { regularised, regularisedVerdict } from './regularised.js';
export { sharedJudge } from './sharedJudge.js';
export { formatJudgeTemplate, loadJudgeTemplate, templateFileOf } from './templateFile.js';
export { tournament } from './tournament.js';
export {
  NO_VERDICT,
  tokenEvidence,
  verdictOf,
  voteOf,
  type OrderProbabilities,
  type Vote,
} from './verdict.js';
