// What the workspace's packages use: functions that do not check their arguments.
export { accumulate } from './accumulate.js';
export { atomicFolder, folderFault } from './atomicFolder.js';
export { loadCheckpoint } from './checkpoint.js';
export { decide, preferences, sampling } from './contest.js';
export { dpoStep, dpoTask } from './dpo.js';
export { environment } from './environment.js';
export { jsftTask } from './jsft.js';
export { completionMetrics, judgeMetrics } from './judgeMetrics.js';
export { klEstimate, scoreContests } from './kl.js';
export { preferenceLosses } from './losses.js';
export { left, preparePairs, preparePrompts, prepareSft } from './prepare.js';
export { answerSequence, precomputeReference, preferenceBackward } from './preferenceUpdate.js';
export { train } from './runner.js';
export { schedule } from './schedule.js';
export { selfTrainingStep, selfTrainingTask } from './selfTraining.js';
export { sftTask, supervisedStep } from './sft.js';
export { judgeExample, labelWeights, sftExample, supervisedBackward } from './supervised.js';
export { fullPreferenceTrainable, fullTrainable, loraTrainable, saveWeights } from './trainable.js';
