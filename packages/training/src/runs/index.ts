// The folder of a run as it is read, without a model, a device or a lock: what the command, a report and a web page use.
export { RUN_LAYOUT } from '@selfjudge/base/internal';
export { findRuns, readRun, type RunFacts } from './facts.js';
export type { Log } from './log.js';
export { sumProfile, type RunProfile } from './profileSum.js';
export {
  listCheckpoints,
  readConfig,
  readEnvironment,
  readFingerprints,
  readMetrics,
  readProfile,
  readSamples,
  readSummary,
  sampleNames,
} from './read.js';
export type { MetricsRow } from './rows.js';
