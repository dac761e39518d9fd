// What the workspace uses of it: functions that do not check their arguments.
export { RUN_LAYOUT } from '@selfjudge/base/internal';
export { findRuns, readRun, readRunRows, type RunFacts } from './facts.js';
export type { MetricsRow } from './rows.js';
export { COUNT, NUMBER, TEXT } from './jsonFields.js';
export { sumProfile, type RunProfile } from './profileSum.js';
export {
  listCheckpoints,
  readConfig,
  readEnvironment,
  readFingerprints,
  readHubNames,
  readMetrics,
  readProfile,
  readSamples,
  readSummary,
  sampleNames,
} from './read.js';
