import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError, isError } from '@selfjudge/base';
import { isLocked, RUN_LAYOUT } from '@selfjudge/base/internal';
import type { Metrics } from '../metrics/means.js';
import { readConfig, readMetrics } from './read.js';
import type { MetricsRow } from './rows.js';

/** Where a run stands. */
export interface RunFacts {
  path: string;
  /** Empty where config.yaml is damaged. */
  verb: string;
  status: 'complete' | 'running' | 'stopped' | 'damaged';
  /** Steps done. */
  step: number;
  /** Steps in all, as far as the configuration and the first steps tell. */
  steps?: number;
  /** When it wrote its last step, or began. */
  at?: Date;
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
export const readRun = (path: string): RunFacts | undefined => readRunRows(path)?.facts;

/** The same with the metrics that it was read from. */
export function readRunRows(path: string): { facts: RunFacts; rows: readonly MetricsRow[] } | undefined {
  const config = configOf(path);
  if (config === undefined) return undefined;
  const { rows, torn } = readMetrics(path);
  const { step = 0, metrics = {} } = rows.at(-1) ?? {};
  const done = existsSync(join(path, RUN_LAYOUT.summary));
  const status = done ? 'complete' : isLocked(join(path, RUN_LAYOUT.lock)) ? 'running' : 'stopped';
  const steps = done ? step : stepsOf(config, rows.at(-1));
  const facts = {
    path,
    verb: config.verb,
    status,
    step,
    ...(steps !== undefined && { steps }),
    at: writtenAt(path),
    metrics,
    ...(torn !== undefined && { torn: `${join(path, RUN_LAYOUT.metrics)}:${torn}` }),
  } as const;
  return { facts, rows };
}

/** Steps of a run that still goes on: those it was told, or what its epochs so far say of all of them. */
function stepsOf(
  { max_steps: told, num_train_epochs: epochs }: Record<string, unknown>,
  last: MetricsRow | undefined,
): number | undefined {
  if (typeof told === 'number' && told > 0) return told;
  if (last === undefined || typeof epochs !== 'number' || !(last.epoch > 0)) return undefined;
  return Math.max(last.step, Math.ceil((last.step * epochs) / last.epoch - 1e-6));
}

function writtenAt(path: string): Date {
  const file = [RUN_LAYOUT.metrics, RUN_LAYOUT.config].map((name) => join(path, name)).find(existsSync);
  return statSync(file ?? path).mtime;
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

/** config.yaml, if it names a verb. A file that says nothing is another program's, unless a run's log is beside it. */
function configOf(path: string): (Record<string, unknown> & { verb: string }) | undefined {
  try {
    const config = readConfig(path);
    const verb = config?.verb;
    return typeof verb === 'string' ? { ...config, verb } : undefined;
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
