import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError, fileSystemError, readJsonObject, shellWord } from '@selfjudge/base';
import { checkpointName, checkpointSteps, RUN_LAYOUT } from '@selfjudge/base/internal';
import { parseYaml } from '@selfjudge/data/internal';
import type { ProfileRow } from '../metrics/profile.js';
import { readLog, type Log } from './log.js';
import { METRICS_FORMAT, PROFILE_FORMAT, SAMPLES_FORMAT, type MetricsRow } from './rows.js';

// A run folder as it lies, also while its run writes to it: nothing here is locked, waited for or changed. Files appear
// whole, and logs grow by a line, so the one thing half there is a log's last line. What is missing is undefined or empty.

/**
 * config.yaml: the verb of the run and its configuration, with every default filled in.
 * @param advice what can be done when it is damaged
 * @throws FileFormatError when it is no mapping of keys to values
 */
export function readConfig(folder: string, advice?: string): Record<string, unknown> | undefined {
  const path = join(folder, RUN_LAYOUT.config);
  if (!existsSync(path)) return undefined;
  let received: unknown;
  try {
    const content = (received = parseYaml(readFileSync(path, 'utf8')));
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return content as Record<string, unknown>;
  } catch (error) {
    const refused = fileSystemError(path, 'a file that can be read', error);
    if (refused !== error) throw refused;
    received = (error as Error).message;
  }
  const expected = 'the configuration that the run began with';
  throw new FileFormatError({ path, expected, received, advice });
}

/** environment.json: the machine and the versions that the newest process of the run had. */
export const readEnvironment = (folder: string): Record<string, unknown> | undefined =>
  ifThere(join(folder, RUN_LAYOUT.environment));

/**
 * fingerprints.json: of the contents that the run began with; undefined for one that began before they were kept.
 * @throws FileFormatError when it is damaged
 */
export function readFingerprints(folder: string): Record<string, string> | undefined {
  const path = join(folder, RUN_LAYOUT.fingerprints);
  const advice = `it is damaged; after rm ${shellWord(path)} the contents of now count from here on`;
  const contents = ifThere(path, advice);
  if (contents === undefined) return undefined;
  for (const [name, value] of Object.entries(contents))
    if (typeof value !== 'string')
      throw new FileFormatError({ path, expected: `a fingerprint of ${name}`, received: value, advice });
  return contents as Record<string, string>;
}

/**
 * hub.json: what names on the hub meant when the run began; undefined for one that has none.
 * @throws FileFormatError when it is damaged
 */
export function readHubNames(folder: string): Record<string, string[]> | undefined {
  const path = join(folder, RUN_LAYOUT.hub);
  const advice = `it is damaged; after rm ${shellWord(path)} names mean what the hub has for them now`;
  const names = ifThere(path, advice);
  if (names === undefined) return undefined;
  for (const [name, value] of Object.entries(names))
    if (!Array.isArray(value) || value.length === 0 || value.some((one) => typeof one !== 'string'))
      throw new FileFormatError({ path, expected: `what ${name} meant`, received: value, advice });
  return names as Record<string, string[]>;
}

/** summary.json: how the run ended. @param advice what can be done when it is damaged */
export const readSummary = (folder: string, advice?: string): Record<string, unknown> | undefined =>
  ifThere(join(folder, RUN_LAYOUT.summary), advice);

/** metrics.jsonl. A number that was not finite is NaN. */
export const readMetrics = (folder: string): Log<MetricsRow> =>
  readLog(join(folder, RUN_LAYOUT.metrics), METRICS_FORMAT);

/** profile.jsonl, which runs before it was written lack. */
export const readProfile = (folder: string): Log<ProfileRow> =>
  readLog(join(folder, RUN_LAYOUT.profile), PROFILE_FORMAT);

const SAMPLES = /^([^.].*)\.jsonl$/;

/** Names of the samples that were written down, `step-N` by custom, in the order of their numbers. */
export function sampleNames(folder: string): string[] {
  const path = join(folder, RUN_LAYOUT.samples);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .flatMap((name) => SAMPLES.exec(name)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** samples/NAME.jsonl. */
export function readSamples(folder: string, name: string): Log<Record<string, unknown>> {
  return readLog(join(folder, RUN_LAYOUT.samples, `${name}.jsonl`), SAMPLES_FORMAT);
}

/** The checkpoints that are there, by step. Whether their bytes are still right is not looked at. */
export function listCheckpoints(folder: string): { step: number; path: string }[] {
  const path = join(folder, RUN_LAYOUT.checkpoints);
  return checkpointSteps(path).map((step) => ({ step, path: join(path, checkpointName(step)) }));
}

const ifThere = (path: string, advice?: string) =>
  existsSync(path) ? readJsonObject(path, advice) : undefined;
