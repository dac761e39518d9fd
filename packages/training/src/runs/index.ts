// The folder of a run as it is read, without a model, a device or a lock: what the command, a report and a web page use.
export { RUN_LAYOUT } from '@selfjudge/base/internal';
export type { RunFacts } from './facts.js';
export * from './face.js';
export type { Log } from './log.js';
export type { RunProfile } from './profileSum.js';
export type { MetricsRow } from './rows.js';
