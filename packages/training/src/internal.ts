// What the workspace's packages use: functions that do not check their arguments.
export { accumulate } from './losses/accumulate.js';
export { atomicFolder, filesBeyondManifest, folderFault, removeAbandoned } from './loop/atomicFolder.js';
export { readCompleted, summaryFields, type CompletedRun } from './loop/completedRun.js';
export { loadCheckpoint } from './loop/loadCheckpoint.js';
export { decide, preferences, sampling } from './pairs/contest.js';
export { dpoStep, dpoTask } from './methods/dpo.js';
export { sizeOf, zeroGrads } from './optimizer/parameterSets.js';
export { environment } from './loop/environment.js';
export { bytesOf, expectedMemory, type ExpectedMemory } from './loop/expectedMemory.js';
export { jsftTask } from './methods/jsft.js';
export { completionMetrics, judgeMetrics } from './metrics/judgeMetrics.js';
export { klEstimate, scoreContests } from './metrics/kl.js';
export { ktoDivergence, ktoLoss } from './losses/ktoLoss.js';
export { ktoBackward } from './losses/ktoUpdate.js';
export { ktoStep, ktoTask, prepareLabelled } from './methods/kto.js';
export { keptSums, type KeptSums } from './losses/keptSums.js';
export { preferenceLoss } from './losses/preferenceLoss.js';
export {
  left,
  prepareJudge,
  preparePairs,
  preparePrompts,
  prepareSft,
  warnDropped,
} from './methods/prepare.js';
export { answerSequence } from './pairs/tokenPair.js';
export { precomputeReference, preferenceBackward } from './losses/preferenceUpdate.js';
export { train } from './loop/runner.js';
export { schedule } from './loop/schedule.js';
export {
  offlineSelfTrainingTask,
  prepareOffline,
  type OfflineSelfTrainingOptions,
} from './methods/offlineSelfTraining.js';
export { ppoTask } from './methods/ppo.js';
export type { PpoOptions } from './methods/ppoRun.js';
export { raftTask, type RaftOptions } from './methods/raft.js';
export { restTask, type RestOptions } from './methods/rest.js';
export { rsoTask } from './methods/rso.js';
export type { RsoOptions } from './methods/rsoRun.js';
export { selfTrainingStep, selfTrainingTask } from './methods/selfTraining.js';
export { bradleyTerry } from './losses/bradleyTerry.js';
export { prepareReward, rewardStep, rewardTask } from './methods/reward.js';
export { rewardBackward } from './losses/rewardUpdate.js';
export { valueTrainable } from './optimizer/valueTrainable.js';
export { rewardTrainable } from './optimizer/rewardTrainable.js';
export { shownOrder } from './methods/shown.js';
export { sftTask, supervisedStep } from './methods/sft.js';
export { leavesOf } from './optimizer/gradientLeaves.js';
export { judgeExample, labelWeights, sftExample, supervisedBackward } from './losses/supervised.js';
export { tokensOfSteps, type Workload } from './loop/workload.js';
export {
  fullPreferenceTrainable,
  fullTrainable,
  loraTrainable,
  recomputeActivations,
  saveWeights,
} from './optimizer/trainable.js';
export { MEASURES, type Measure } from './options/heldOut.js';
export { presetOptions } from './methods/method.js';
export type { ExampleWork } from './methods/exampleWorker.js';
export type { ExampleMaker } from './methods/maker.js';
export type { ExampleStream, Prepared } from './loop/stepExamples.js';
export { loopFields } from './options/loop.js';
export { samplingFields } from './options/sampling.js';
export { staying } from './pairs/pairLengths.js';
