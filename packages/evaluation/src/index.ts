export type { Estimate } from './estimate.js';
export {
  agreementOf,
  bootstrapMean,
  implicitReward,
  implicitRewardOf,
  judgeAgreement,
  lengthControlled,
  wilson,
  winRate,
  winRateOf,
} from './face.js';
export type { ImplicitReward, ImplicitRewardOptions } from './implicitReward.js';
export type { JudgeAgreement } from './judgeAgreement.js';
export type { Outcome } from './lengthControl.js';
export type { WinRate } from './winRate.js';
