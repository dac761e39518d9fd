// What the workspace's packages use: functions that do not check their arguments.
export { bootstrapMean, wilson } from './estimate.js';
export { fitCalibration, LEAST_PAIRS, type FittedCalibration, type FittedLength } from './fitCalibration.js';
export { implicitReward, implicitRewardOf } from './implicitReward.js';
export { agreementOf, judgeAgreement } from './judgeAgreement.js';
export { lengthControlled } from './lengthControl.js';
export { winRate, winRateOf } from './winRate.js';
export {
  alpacaEvalLengthControlled,
  alpacaEvalRates,
  type AlpacaEvalRates,
  type GamedAnnotation,
} from './alpacaEval.js';
export { answerTexts, type AnswerTexts } from './answerTexts.js';
export { cohenKappa } from './kappa.js';
export { grouped } from './grouped.js';
export {
  injectionRates,
  injections,
  type Injected,
  type InjectionRates,
} from './injection/injectionRates.js';
export { judgeTrust, type Calibration, type JudgeTrust } from './judgeTrust.js';
export { mcnemar, type McNemar } from './mcnemar.js';
export { pointsOf, type Better } from './points.js';
export { accuracyOf, reliabilityOf, type ConfidenceBin, type Reliability } from './reliability.js';
export { isRewardBenchSubset, rewardBench, type RewardBench } from './rewardBench.js';
export { rewardBench2, TIES, type RewardBench2, type RewardBench2Row } from './rewardBench2.js';
export type { TrustPair } from './trustPair.js';
export { verdictSummary, type KnownVerdict, type VerdictSummary } from './verdictSummary.js';
