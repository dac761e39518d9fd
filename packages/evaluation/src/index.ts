export type { Estimate } from './estimate.js';
export {
  agreementOf,
  bootstrapMean,
  fitCalibration,
  implicitReward,
  implicitRewardOf,
  judgeAgreement,
  lengthControlled,
  wilson,
  winRate,
  winRateOf,
} from './face.js';
export type {
  CalibrationPair,
  FittedCalibration,
  FittedLength,
  ProbabilityScores,
} from './fitCalibration.js';
export type { ImplicitReward, ImplicitRewardOptions } from './implicitReward.js';
export type { JudgeAgreement } from './judgeAgreement.js';
export type { LengthScores } from './lengthCoefficient.js';
export type { Outcome } from './lengthControl.js';
export type { KnownVerdict } from './verdictSummary.js';
export type { WinRate } from './winRate.js';
