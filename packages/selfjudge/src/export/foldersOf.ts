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

/** A run, and the model that it began with where that is still there. */
export interface RunOfModel {
  run: string;
  from?: string;
}

/** The runs that made the weights at a path, the last one first. */
export function runsOf(path: string): RunOfModel[] {
  const runs: RunOfModel[] = [];
  for (let run = runOf(path); run !== undefined && runs.length < MOST_RUNS;) {
    const from = begunFrom(run);
    runs.push({ run, ...(from !== undefined && { from }) });
    run = from === undefined ? undefined : runOf(from);
  }
  return runs;
}

function begunFrom(run: string): string | undefined {
  const name = readConfig(run)?.model_name_or_path;
  if (typeof name !== 'string' || !existsSync(name)) return undefined;
  try {
    return findModel(name).path;
  } catch {
    return undefined; // not what is merged
  }
}

type Places = Pick<ModelToMerge, 'path' | 'base' | 'adapter'>;

/** The model that all of this began with: that of the first run that trained all its weights, else the base. */
export function rootOf({ base }: Pick<Places, 'base'>): string {
  return (
    runsOf(base.path)
      .flatMap(({ from }) => from ?? [])
      .at(-1) ?? base.path
  );
}

/**
 * Folders that say what a model is, its makers' first: of a run that trained all weights those of the model that it began
 * with, and so on; then its base's and its own. A GGUF file has none.
 */
export function foldersOf({ path, base, adapter }: Places): string[] {
  const before = runsOf(base.path)
    .flatMap(({ from }) => from ?? [])
    .reverse();
  const all = [...before, base.path, ...(adapter === undefined ? [path] : [adapter.folder])];
  return [...new Set(all.filter((one) => statSync(one).isDirectory()))];
}
