import { setImmediate } from 'node:timers/promises';
import { ArgumentError, ConfigError } from '@selfjudge/base';
import type { Prepared, SelfTrainingOptions } from '@selfjudge/training';
import { warnDropped } from '@selfjudge/training/internal';
import { countLeftOut, type Warn } from '../rows/datasets.js';
import type { RunOptions } from './runOptions.js';

/** Dev prompts that the judge is asked about; more would only cost time. */
const DEV_PROMPTS = 64;

/** Of a model, how much it takes. */
interface Sized {
  model: { config: { maxPositions: number } };
}

type PromptLimits = Pick<SelfTrainingOptions, 'maxPromptLength' | 'maxNewTokens'>;

/** Sequences must fit the model, whatever was asked for. */
function limited<T extends { maxLength: number }>(options: T, { model }: Sized): T {
  return { ...options, maxLength: Math.min(options.maxLength, model.config.maxPositions) };
}

/** Prompts must leave the model room for their answers. */
function promptsLimited<T extends PromptLimits>(options: T, { model }: Sized): T {
  const { maxPositions } = model.config;
  const room = maxPositions - options.maxNewTokens;
  if (room > 0) return { ...options, maxPromptLength: Math.min(options.maxPromptLength, room) };
  throw new ConfigError({
    key: 'max_new_tokens',
    expected: `less than the model's context of ${maxPositions} tokens`,
    received: options.maxNewTokens,
  });
}

/** The rows of dev prompts: of the files named for it, else of the dev split. */
export const devRows = <T extends RunOptions>(run: T): T => ({
  ...run,
  ...(run.evalDatasetName === undefined ? { datasetSplit: 'dev' } : heldOutRows(run)),
  datasetLimit: DEV_PROMPTS,
  tally: undefined,
});

/** Rows that are measured and never trained on, of a run that has files of them. */
export const heldOutRows = <T extends RunOptions>(run: T): T => ({
  ...run,
  datasetName: run.evalDatasetName ?? [],
  datasetSplit: run.evalDatasetSplit ?? 'all',
  datasetLimit: 0,
  tally: undefined,
});

/** Options of a method with lengths that the model takes. */
export function fitted(options: Record<string, unknown>, opened: Sized): Record<string, unknown> {
  const { maxLength, maxPromptLength, maxNewTokens } = options;
  return {
    ...options,
    ...(typeof maxLength === 'number' && limited({ maxLength }, opened)),
    ...(typeof maxPromptLength === 'number' &&
      typeof maxNewTokens === 'number' &&
      promptsLimited({ maxPromptLength, maxNewTokens }, opened)),
  };
}

/** Rows that are prepared before anything else has its turn: some tenths of a second. */
const SLICE = 200;

/** Rows prepared some at a time, so that a signal is heard meanwhile. @throws the signal's reason */
export async function inSlices<R, T>(
  rows: readonly R[],
  prepare: (rows: readonly R[]) => Prepared<T>,
  signal: AbortSignal | undefined,
): Promise<Prepared<T>> {
  const all: Prepared<T> = { examples: [], dropped: [], cut: 0 };
  for (let start = 0; start < rows.length; start += SLICE) {
    if (start > 0) await setImmediate();
    signal?.throwIfAborted();
    const { examples, dropped, cut } = prepare(rows.slice(start, start + SLICE));
    all.examples.push(...examples);
    all.dropped.push(...dropped);
    all.cut += cut;
  }
  return all;
}

/** The examples, after a word about those left out. @throws ArgumentError when none is left */
export function usable<T>(
  what: string,
  data: Prepared<T>,
  { datasetName, tally, key = 'dataset_name' }: RunOptions & { key?: string },
  warn: Warn,
): T[] {
  warnDropped(what, data, warn);
  countLeftOut(
    tally,
    data.dropped.map(({ problem }) => problem.code),
  );
  if (tally !== undefined) tally.cut += data.cut;
  if (data.examples.length > 0) return data.examples;
  throw new ArgumentError(key, {
    where: 'train',
    expected: `at least one row that can be used (${what})`,
    received: `none of ${data.dropped.length} in ${datasetName.join(', ')}`,
  });
}
