import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '@selfjudge/base';
import { METHODS, type Method, type MethodName } from '@selfjudge/training';
import {
  readConfig,
  readEnvironment,
  readFingerprints,
  readSummary,
} from '@selfjudge/training/runs/internal';
import { presetOf, TRAINING_VERBS } from '../../config/index.js';
import { runOf, runsOf } from '../foldersOf.js';

/** A run that a model went through. */
export interface Stage {
  verb: MethodName;
  summary: string;
  /** Where the method is from. */
  source: string;
  config: Readonly<Record<string, unknown>>;
  /** What makes the same run again. */
  command: string;
  /** Of rows, weights, tokenizer, templates; absent for a run that began before they were kept. */
  fingerprints?: Readonly<Record<string, string>>;
  /** How it ended; absent while it is not complete. */
  result?: Readonly<Record<string, unknown>>;
  environment?: Readonly<Record<string, unknown>>;
}

/** The runs that made what a path means, the first one first. @param path of weights */
export const stagesOf = (path: string): Stage[] =>
  runsOf(path)
    .flatMap(({ run }) => stageIn(run) ?? [])
    .reverse();

function stageIn(run: string): Stage | undefined {
  const { verb, format: _, ...config } = readConfig(run) ?? {};
  if (typeof verb !== 'string' || !Object.hasOwn(METHODS, verb)) return undefined;
  const name = verb as MethodName;
  const { summary, source }: Method = METHODS[name];
  return {
    verb: name,
    summary,
    source,
    config,
    command: commandOf(name, config),
    fingerprints: readFingerprints(run),
    result: readSummary(run),
    environment: readEnvironment(run),
  };
}

/** A verb with every flag that is not as it is by default. */
function commandOf(verb: MethodName, config: Readonly<Record<string, unknown>>): string {
  const defaults = presetOf(TRAINING_VERBS[verb], 'default') ?? {};
  const flags = Object.entries(config).flatMap(([key, value]) => {
    if (value === undefined || value === null || same(value, defaults[key])) return [];
    return [`--${key}`, ...wordsOf(value)];
  });
  return ['selfjudge', verb, ...flags].map(shellWord).join(' ');
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function wordsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)];
}

/** Evaluations of a run lie here, where `evaluate --out` was told to put them. */
export const EVALUATION = 'evaluation.json';

/** The file of a run's evaluation, where there is one. */
export function evaluationOf(path: string): string | undefined {
  const run = runOf(path);
  const file = run === undefined ? undefined : join(run, EVALUATION);
  return file !== undefined && existsSync(file) ? file : undefined;
}
