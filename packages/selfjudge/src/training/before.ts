import { ConfigError } from '@selfjudge/base';
import type { DataOrder, RunFolder } from '@selfjudge/training';
import { readCompleted, type CompletedRun } from '@selfjudge/training/internal';
import { readFingerprints } from '@selfjudge/training/runs/internal';
import { presetOf, TRAINING_VERBS, type ResolvedConfig, type TrainingVerb } from '../config/index.js';
import { beganWith, refuseOtherConfig } from './sameRun.js';

/** A run that the folder holds already, of the configuration that was given. */
export interface RunBefore {
  path: string;
  /** How it ended, when it is complete. */
  result?: CompletedRun;
  /** Fingerprints of what it began with; undefined where it began before they were kept. */
  contents?: Record<string, string>;
  /** Keys by which it is longer now. */
  extended: string[];
  /** What that means for the steps to come. @throws ConfigError when they are fewer than those done */
  extension(order: Pick<DataOrder, 'totalSteps'>): string;
}

/** Keys that may differ when a run goes on: where it lies, how often it is saved, and in what portions it computes. */
const MAY_DIFFER = [
  'save_steps',
  'save_total_limit',
  'output_dir',
  'token_budget',
  'activation_recompute',
  'device',
  'report_to',
];
/** Names of what has a fingerprint: contents decide, wherever they lie. */
const NAMES = [
  'model_name_or_path',
  'dataset_name',
  'eval_dataset_name',
  'judge_template',
  'judge',
  'outside_judge',
];
/** How long a run is. */
const LENGTH = ['max_steps', 'num_train_epochs'];

/**
 * What the folder holds; undefined for a new run.
 * @throws ConfigError when it is a run of another configuration; FileFormatError when it is damaged
 */
export function runBefore(
  folder: RunFolder,
  verb: TrainingVerb,
  config: ResolvedConfig,
  was = beganWith(folder.path),
): RunBefore | undefined {
  if (was === undefined) return undefined;
  const contents = readFingerprints(folder.path);
  const keys = new Set([...MAY_DIFFER, ...LENGTH, ...(contents === undefined ? [] : NAMES)]);
  const defaults = presetOf(TRAINING_VERBS[verb], 'default');
  refuseOtherConfig(folder.path, { verb, ...config }, { keys, defaults }, was);
  const done = readCompleted(folder);
  const extended = LENGTH.filter((key) => was[key] !== config[key]);
  return {
    path: folder.path,
    result: done,
    contents,
    extended,
    extension({ totalSteps }) {
      const steps = done?.step ?? folder.checkpoints.steps().at(-1) ?? 0;
      const [key] = extended;
      if (totalSteps < steps)
        throw new ConfigError({
          key,
          expected: `as many steps as are done, ${steps} (or another output_dir)`,
          received: `${String(config[key])}, which is ${totalSteps} steps`,
        });
      return (
        `${extended.map((one) => `${one} was ${String(was[one])}, is ${String(config[one])}`).join('; ')}: ` +
        `the run goes on after step ${steps} to ${totalSteps}, with the learning rates of ${totalSteps} steps from ` +
        `there on; a run of ${totalSteps} steps from the start has other bits`
      );
    },
  };
}
