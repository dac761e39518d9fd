import { ConfigError } from '@selfjudge/base';
import { launchedIn, type Ranks } from '@selfjudge/engine/internal';
import type { Device } from '@selfjudge/engine';
import type { RunFolder } from '@selfjudge/training';
import type { ResolvedConfig } from '../config/index.js';
import { VERSION } from '../version.js';

/** Slices of a step under a launcher, whatever the number of processes: jobs of 1, 2, 4 and 8 have the same bits. */
const LEAVES_OF_JOBS = 8;

/**
 * The slices of a run: as given, else as it began, else 1 for a process alone.
 * @param begun the configuration that the run in the folder began with
 * @throws ConfigError for slices that the ranks do not divide
 */
export function settledLeaves(
  given: unknown,
  begun: Readonly<Record<string, unknown>> | undefined,
  ranks: Ranks,
): number {
  const auto = begun?.gradient_leaves ?? (launchedIn() === undefined ? 1 : LEAVES_OF_JOBS);
  const leaves = Number(given === 0 ? auto : given);
  if (Number.isInteger(Math.log2(leaves)) && leaves % ranks.size === 0) return leaves;
  const kept = begun === undefined ? '' : '; a run keeps those that it began with';
  throw new ConfigError({
    key: 'gradient_leaves',
    expected:
      ranks.size === 1
        ? 'a power of two'
        : `a power of two that is a multiple of the ${ranks.size} processes${kept}`,
    received: leaves,
  });
}

/** Keys that name places: what lies there has a fingerprint. */
const NAMES: ReadonlySet<string> = new Set([
  'model_name_or_path',
  'dataset_name',
  'sft_dataset_name',
  'eval_dataset_name',
  'judge',
  'outside_judge',
  'adapter',
  'baseline',
  'start',
]);

/** What has to be the same on all ranks of a run, in words. */
export function factsOfRank(
  config: ResolvedConfig,
  folder: RunFolder,
  { device, contents }: { device: Device; contents: Readonly<Record<string, string>> },
): Record<string, string> {
  return {
    ...factsOfJob(config, { path: device.path, contents }),
    'newest checkpoint': String(folder.checkpoints.steps().at(-1) ?? 'none'),
  };
}

/**
 * What has to be the same on all ranks of a job, in words.
 * @param config values by the words of files and flags
 * @param of.path the kernel path
 * @param of.contents fingerprints by what they are of
 */
export function factsOfJob(
  config: Readonly<Record<string, unknown>>,
  { path, contents }: { path: string; contents: Readonly<Record<string, string>> },
): Record<string, string> {
  const options = Object.entries(config).filter(([key, value]) => !NAMES.has(key) && value !== undefined);
  const fingerprints = Object.entries(contents).map(([name, print]) => [`fingerprint of ${name}`, print]);
  return {
    selfjudge: VERSION,
    Node: process.version,
    'kernel path': path,
    ...Object.fromEntries(options.map(([key, value]) => [key, JSON.stringify(value)])),
    ...Object.fromEntries(fingerprints),
  };
}
