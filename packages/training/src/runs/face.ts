// What the readers of a run's folder take. The workspace calls them unchecked (internal.ts).
import { checked, kind, list, object, optional, path, text, whole } from '@selfjudge/base/checks';
import * as facts from './facts.js';
import * as profiles from './profileSum.js';
import * as files from './read.js';

const folder = { folder: path };
/** It becomes a part of a path, and leads nowhere else. */
const sampleName = kind(
  'a name that sampleNames gives',
  (value) => typeof value === 'string' && /^[^./\\\0][^/\\\0]*$/.test(value),
);
const advised = { folder: path, advice: optional(text) };

export const findRuns = checked('findRuns', folder, facts.findRuns);
export const readRun = checked('readRun', { path }, facts.readRun);
export const readConfig = checked('readConfig', advised, files.readConfig);
export const readEnvironment = checked('readEnvironment', folder, files.readEnvironment);
export const readFingerprints = checked('readFingerprints', folder, files.readFingerprints);
export const readHubNames = checked('readHubNames', folder, files.readHubNames);
export const readSummary = checked('readSummary', advised, files.readSummary);
export const readMetrics = checked('readMetrics', folder, files.readMetrics);
export const readProfile = checked('readProfile', folder, files.readProfile);
export const sampleNames = checked('sampleNames', folder, files.sampleNames);
export const readSamples = checked('readSamples', { folder: path, name: sampleName }, files.readSamples);
export const listCheckpoints = checked('listCheckpoints', folder, files.listCheckpoints);
export const sumProfile = checked(
  'sumProfile',
  { rows: list(object({ step: whole(0), phases: object({}), ops: object({}) })) },
  profiles.sumProfile,
);
