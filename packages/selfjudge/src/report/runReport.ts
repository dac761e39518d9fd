import { basename, resolve } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import { isTournament, type RecordedTournament } from './brackets.js';
import { calibrationOf, type Calibration } from './calibration.js';
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
/** Tournaments of each. */
const SHOWN_TOURNAMENTS = 2;

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
  /** What its held-out pairs say of the judge, at the step that was kept or else the last. */
  held?: { step: number; calibration: Calibration };
  /** Of the first and of the last step that has some, and of answers that were named beside the run. */
  tournaments: { name: string; rows: RecordedTournament[] }[];
}

/**
 * @param answers of `generate --best_of`, whose tournaments are shown beside the run
 * @throws ArgumentError for a folder that is no run; FileFormatError for a damaged one
 */
export function readReport(folder: string, answers: readonly object[] = []): RunReport {
  const run = readRunRows(folder);
  if (run === undefined)
    throw new ArgumentError('folder', {
      where: 'report',
      expected: `a run folder (with ${RUN_LAYOUT.config})`,
      received: folder,
    });
  const names = sampleNames(folder);
  const summary = readSummary(folder) ?? {};
  const rowsOf = (name: string) => readSamples(folder, name).rows;
  const tournaments = endsOf(names, 'tournaments-step-').map((name) => {
    const rows: readonly object[] = rowsOf(name);
    return { name: `Step ${stepOf(name)}`, rows: rows.filter(isTournament).slice(0, SHOWN_TOURNAMENTS) };
  });
  const beside = answers.filter(isTournament).slice(0, SHOWN);
  return {
    name: basename(resolve(folder)),
    ...run,
    config: readConfig(folder) ?? {},
    environment: readEnvironment(folder) ?? {},
    fingerprints: readFingerprints(folder) ?? {},
    hubNames: readHubNames(folder) ?? {},
    summary,
    samples: endsOf(names, 'step-').map((name) => ({ name, pairs: rowsOf(name).slice(0, SHOWN) })),
    ...heldOf(names, summary.bestStep, rowsOf),
    tournaments: [...tournaments, ...(beside.length > 0 ? [{ name: 'Answers', rows: beside }] : [])],
  };
}

const stepOf = (name: string): number => Number(/\d+$/.exec(name)?.[0]);

/** The first and the last samples of a kind. */
function endsOf(names: readonly string[], kind: string): string[] {
  const all = names.filter((name) => name.startsWith(kind));
  return [...new Set([all[0], all.at(-1)])].filter((name) => name !== undefined);
}

function heldOf(
  names: readonly string[],
  kept: unknown,
  rowsOf: (name: string) => readonly Record<string, unknown>[],
): Pick<RunReport, 'held'> {
  const all = names.filter((name) => name.startsWith('eval-step-'));
  const name = all.find((one) => stepOf(one) === kept) ?? all.at(-1);
  const calibration = name === undefined ? undefined : calibrationOf(rowsOf(name));
  return calibration === undefined ? {} : { held: { step: stepOf(name!), calibration } };
}

/** Mean of a metric over the first and over the last tenth of the steps that have it; undefined where none has. */
export function ends(rows: readonly MetricsRow[], key: string): { first: number; last: number } | undefined {
  const values = rows.flatMap(({ metrics }) => (Number.isFinite(metrics[key]) ? [metrics[key]] : []));
  if (values.length === 0) return undefined;
  const tenth = Math.max(1, Math.floor(values.length / 10));
  return { first: mean(values.slice(0, tenth)), last: mean(values.slice(-tenth)) };
}
