export { bootstrapMean, wilson, type Estimate } from './estimate.js';
export {
  implicitReward,
  implicitRewardOf,
  type ImplicitReward,
  type ImplicitRewardOptions,
} from './implicitReward.js';
export { agreementOf, judgeAgreement, type JudgeAgreement, type PairJudge } from './judgeAgreement.js';
export { lengthControlled, type Outcome } from './lengthControl.js';
export { winRate, winRateOf, type WinRate } from './winRate.js';
