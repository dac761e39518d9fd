// What the workspace's packages use: functions that do not check their arguments.
export { bootstrapMean, wilson } from './estimate.js';
export { fitCalibration, LEAST_PAIRS, type FittedCalibration } from './fitCalibration.js';
export { implicitReward, implicitRewardOf } from './implicitReward.js';
export { agreementOf, judgeAgreement } from './judgeAgreement.js';
export { lengthControlled } from './lengthControl.js';
export { winRate, winRateOf } from './winRate.js';
export { verdictSummary, type KnownVerdict, type VerdictSummary } from './verdictSummary.js';
