import { basename, dirname } from 'node:path';
import { FileFormatError } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import { existsSync } from 'node:fs';
import { namedPath } from '@selfjudge/engine/internal';
import { METHODS, type Method } from '@selfjudge/training';
import { readConfig, RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { openBeside, type OpenModel } from './model.js';

const ADVICE = 'Name what it was trained from: --start PATH.';

/**
 * The frozen start that the weights in a folder were held to while a run trained them, as the run names it; undefined for weights
 * of no run, or of a method that holds to none.
 * @throws FileFormatError where the run names one that is not there any more
 */
export function startOf(folder: string): string | undefined {
  const above = dirname(folder);
  const run =
    basename(folder) === RUN_LAYOUT.final
      ? above
      : basename(above) === RUN_LAYOUT.checkpoints
        ? dirname(above)
        : undefined;
  const config = run === undefined ? undefined : readConfig(run);
  const { verb, model_name_or_path: name } = config ?? {};
  const method = Object.entries<Method>(METHODS).find(([one]) => one === verb)?.[1];
  if (run === undefined || method?.heldToStart !== true || typeof name !== 'string') return undefined;
  const path = existsSync(name) ? name : namedPath(name, run);
  if (path !== undefined) return path;
  throw new FileFormatError({
    path: shownPath(run),
    expected: 'a run whose start is still there',
    received: name,
    advice: ADVICE,
  });
}

/**
 * What a model was held to in training, as reference and as judge. Of weights that are held to nothing it is the model
 * itself; an adapter of the same base shares the weights that are here.
 * @param given its path, where no run says it
 */
export async function openStart(opened: OpenModel, given?: string): Promise<OpenModel> {
  const path = given ?? startOf(opened.path);
  return path === undefined ? { ...opened, dispose: () => {} } : openBeside(opened, path);
}
