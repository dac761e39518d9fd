import { check, path as isPath } from '@selfjudge/base/checks';
import { mergeModel as merge, type MergeHooks, type MergeResult } from '../export/mergeModel.js';
import type { MergeOptions } from '../export/options.js';
import { mergeOptions } from './checks.js';

export interface MergeModelOptions extends MergeOptions, MergeHooks {}

/**
 * Writes what a path for a model means, with its adapter added to the weights, into a new folder that is there whole or
 * not at all. What was written is read again before: all weights must be those that were meant, and what the model says
 * of three texts what it said before, up to the rounding of the weights. Weights are read and written one by one.
 *
 * @param path a run folder, checkpoint, adapter, Hugging Face folder or GGUF file; of a reward model too
 * @throws ConfigError for options that do not go together, a folder that holds something else and a disk without room;
 *   FileFormatError for files that are not what they say, and for a result that is not what was merged
 */
export async function mergeModel(
  path: string,
  outputDir: string,
  options: MergeModelOptions = {},
): Promise<MergeResult> {
  check(
    'mergeModel',
    { path, outputDir, options },
    { path: isPath, outputDir: isPath, options: mergeOptions },
  );
  const { onPhase, onProgress, onWarning, signal, ...rest } = options;
  return merge(path, outputDir, rest, { onPhase, onProgress, onWarning, signal });
}
