import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError, isError } from '@selfjudge/base';
import { RUN_LAYOUT } from '@selfjudge/base/internal';
import type { Metrics } from '../metrics/means.js';
import { readConfig, readMetrics } from './read.js';

/** Where a run stands. */
export interface RunFacts {
  path: string;
  /** Empty where config.yaml is damaged. */
  verb: string;
  status: 'complete' | 'unfinished' | 'damaged';
  /** Steps done. */
  step: number;
  /** Of the last step. */
  metrics: Metrics;
  /** FILE:LINE of a line of the metrics without an end, which is not counted: it is being written, or was torn. */
  torn?: string;
  /** Of a damaged run, what is wrong with it. */
  problem?: string;
}

/** Every run under a folder, by path; none where there is no folder. */
export function findRuns(folder: string): RunFacts[] {
  const own = factsOf(folder);
  if (own !== undefined) return [own];
  return foldersIn(folder)
    .flatMap((name) => findRuns(join(folder, name)))
    .sort((a, b) => a.path.localeCompare(b.path));
}

/**
 * What a folder says of its run; undefined for a folder of another program.
 * @throws FileFormatError when config.yaml or metrics.jsonl is damaged
 */
export function readRun(path: string): RunFacts | undefined {
  const verb = verbOf(path);
  if (verb === undefined) return undefined;
  const { rows, torn } = readMetrics(path);
  const { step = 0, metrics = {} } = rows.at(-1) ?? {};
  const status = existsSync(join(path, RUN_LAYOUT.summary)) ? 'complete' : 'unfinished';
  return {
    path,
    verb,
    status,
    step,
    metrics,
    ...(torn !== undefined && { torn: `${join(path, RUN_LAYOUT.metrics)}:${torn}` }),
  };
}

/** One damaged run does not hide the others. */
function factsOf(path: string): RunFacts | undefined {
  try {
    return readRun(path);
  } catch (error) {
    if (!isError(error, 'SJ_FILE_FORMAT')) throw error;
    return { path, verb: '', status: 'damaged', step: 0, metrics: {}, problem: error.message };
  }
}

/** The verb that config.yaml names. A file that says nothing is another program's, unless a run's log is beside it. */
function verbOf(path: string): string | undefined {
  try {
    const verb = readConfig(path)?.verb;
    return typeof verb === 'string' ? verb : undefined;
  } catch (error) {
    if (existsSync(join(path, RUN_LAYOUT.metrics))) throw error;
    return undefined;
  }
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return [];
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    throw fileSystemError(path, 'a folder that can be read', error);
  }
}
