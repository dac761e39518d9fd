import { basename, resolve } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import {
  readConfig,
  readEnvironment,
  readFingerprints,
  readHubNames,
  readRunRows,
  readSamples,
  readSummary,
  RUN_LAYOUT,
  sampleNames,
  type MetricsRow,
  type RunFacts,
} from '@selfjudge/training/runs/internal';

/** Pairs that a report shows of the first and of the last samples each. */
const SHOWN = 6;

/** A sampled pair as a run wrote it down; what it lacks was not written by the version that made it. */
export interface SampledPair {
  prompt?: unknown;
  a?: unknown;
  b?: unknown;
  fate?: unknown;
  winner?: unknown;
  probability?: unknown;
  votes?: unknown;
}

/** What the folder of a run says, as far as a report shows it. */
export interface RunReport {
  name: string;
  facts: RunFacts;
  config: Record<string, unknown>;
  environment: Record<string, unknown>;
  fingerprints: Record<string, string>;
  hubNames: Record<string, string[]>;
  summary: Record<string, unknown>;
  rows: readonly MetricsRow[];
  /** Of a step each, the first and the last that there are. */
  samples: { name: string; pairs: SampledPair[] }[];
}

/** @throws ArgumentError for a folder that is no run; FileFormatError for a damaged one */
export function readReport(folder: string): RunReport {
  const run = readRunRows(folder);
  if (run === undefined)
    throw new ArgumentError('folder', {
      where: 'report',
      expected: `a run folder (with ${RUN_LAYOUT.config})`,
      received: folder,
    });
  const steps = sampleNames(folder).filter((name) => name.startsWith('step-'));
  const ends = [...new Set([steps[0], steps.at(-1)])].filter((name) => name !== undefined);
  return {
    name: basename(resolve(folder)),
    ...run,
    config: readConfig(folder) ?? {},
    environment: readEnvironment(folder) ?? {},
    fingerprints: readFingerprints(folder) ?? {},
    hubNames: readHubNames(folder) ?? {},
    summary: readSummary(folder) ?? {},
    samples: ends.map((name) => ({ name, pairs: readSamples(folder, name).rows.slice(0, SHOWN) })),
  };
}

/** Mean of a metric over the first and over the last tenth of the steps that have it; undefined where none has. */
export function ends(rows: readonly MetricsRow[], key: string): { first: number; last: number } | undefined {
  const values = rows.flatMap(({ metrics }) => (Number.isFinite(metrics[key]) ? [metrics[key]] : []));
  if (values.length === 0) return undefined;
  const tenth = Math.max(1, Math.floor(values.length / 10));
  return { first: mean(values.slice(0, tenth)), last: mean(values.slice(-tenth)) };
}
