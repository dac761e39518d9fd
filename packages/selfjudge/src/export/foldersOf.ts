import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findModel, type ModelToMerge } from '@selfjudge/engine/internal';
import { readConfig, RUN_LAYOUT } from '@selfjudge/training/runs/internal';

/** More runs on top of each other than people make: nothing ends a circle of names. */
const MOST_RUNS = 16;

/** The run folder that weights lie in: final/ or a checkpoint of it. */
export function runOf(path: string): string | undefined {
  return [path, dirname(path), dirname(dirname(path))].find((folder) =>
    existsSync(join(folder, RUN_LAYOUT.config)),
  );
}

/**
 * Folders that say what a model is, its makers' first: of a run that trained all weights those of the model that it began
 * with, and so on; then its base's and its own. A GGUF file has none.
 */
export function foldersOf({
  path,
  base,
  adapter,
}: Pick<ModelToMerge, 'path' | 'base' | 'adapter'>): string[] {
  const own = [base.path, ...(adapter === undefined ? [path] : [adapter.folder])];
  const before: string[] = [];
  for (let run = runOf(base.path); run !== undefined && before.length < MOST_RUNS;) {
    const model = begunFrom(run);
    if (model === undefined) break;
    before.unshift(model);
    run = runOf(model);
  }
  const folders = [...before, ...own].filter((one) => statSync(one).isDirectory());
  return [...new Set(folders)];
}

/** The model that a run began with, where it is still there. */
function begunFrom(run: string): string | undefined {
  const name = readConfig(run)?.model_name_or_path;
  if (typeof name !== 'string' || !existsSync(name)) return undefined;
  try {
    return findModel(name).path;
  } catch {
    return undefined; // not what is merged
  }
}
