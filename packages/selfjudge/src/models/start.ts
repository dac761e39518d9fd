import { FileFormatError } from '@selfjudge/base';
import { cachedPath, parseHubName, shownPath } from '@selfjudge/base/internal';
import { localPath } from '@selfjudge/engine/internal';
import { METHODS, type Method } from '@selfjudge/training';
import { readHubNames } from '@selfjudge/training/runs/internal';
import { openBeside, type OpenModel } from './model.js';
import { runOf } from './runOf.js';

const ADVICE = 'Name what it was trained from: --start PATH.';

/**
 * The frozen start that the weights in a folder were held to while a run trained them, as the run names it; undefined for weights
 * of no run, or of a method that holds to none.
 * @throws FileFormatError where the run names one that is not there any more
 */
export function startOf(folder: string): string | undefined {
  const made = runOf(folder);
  if (made === undefined) return undefined;
  const { folder: run, config } = made;
  const { verb, model_name_or_path: name } = config;
  const method = Object.entries<Method>(METHODS).find(([one]) => one === verb)?.[1];
  if (method?.drops !== false || typeof name !== 'string') return undefined;
  const path = localPath(name, run) ?? cachedStart(name, run);
  if (path !== undefined) return path;
  throw new FileFormatError({
    path: shownPath(run),
    expected: 'a run whose start is still there',
    received: name,
    advice: ADVICE,
  });
}

/** Where the hub's cache has a start that the run was given by its name there. */
function cachedStart(name: string, run: string): string | undefined {
  const [meant] = readHubNames(run)?.[name] ?? [];
  const hub = meant === undefined ? undefined : parseHubName(meant, 'model');
  return hub && cachedPath(hub);
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
