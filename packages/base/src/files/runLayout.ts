import { existsSync, readdirSync } from 'node:fs';

/** What lies where in the folder of a run. Whoever writes or reads one takes the names from here. */
export const RUN_LAYOUT = {
  /** The verb and its configuration, with every default filled in. */
  config: 'config.yaml',
  environment: 'environment.json',
  /** Of the contents that the run began with: data, weights, tokenizer, templates, the code's numbers. */
  fingerprints: 'fingerprints.json',
  /** What names on the hub meant when it began: with commits. Only of runs that have some. */
  hub: 'hub.json',
  /** How its files of rows were prepared, by the key that names them. Only of runs on files that `data` wrote. */
  data: 'data.json',
  /** A line a step. */
  metrics: 'metrics.jsonl',
  /** Time and work, a line with every line of metrics and one for what comes after the last. */
  profile: 'profile.jsonl',
  /** NAME.jsonl each. */
  samples: 'samples',
  /** step-N/ each. */
  checkpoints: 'checkpoints',
  /** The result, once there is one. */
  final: 'final',
  /** Event files, where `report_to` asks for them. */
  tensorboard: 'tensorboard',
  /** What a person reads of it in a browser. */
  report: 'report.html',
  /** Written last: a run that has it is complete. */
  summary: 'summary.json',
  /** With the number of the holder after it. */
  lock: 'run.lock',
} as const;

export const checkpointName = (step: number): string => `step-${step}`;

/** Steps with a checkpoint in a run's folder of them, ascending. */
export function checkpointSteps(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
