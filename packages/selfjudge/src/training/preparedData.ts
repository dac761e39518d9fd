import { changedNote, preparedAmong, type LineageInput } from '@selfjudge/data/internal';
import type { Warn } from '../rows/datasets.js';
import type { RunOptions } from './runOptions.js';

/** Options that name files of rows, by the words of files and flags. */
const KEYS = {
  dataset_name: 'datasetName',
  sft_dataset_name: 'sftDatasetName',
  eval_dataset_name: 'evalDatasetName',
} as const;

/**
 * Of the files that a run reads, those that `data` wrote, each with its lineage, by the key that names them.
 * @param warn told of files that were changed since
 * @throws FileFormatError for a lineage that is damaged
 */
export function preparedData(
  run: Pick<RunOptions, (typeof KEYS)[keyof typeof KEYS]>,
  warn: Warn,
): Record<string, LineageInput[]> {
  const found = Object.entries(KEYS).map(([key, name]) => [key, preparedAmong(run[name] ?? [])] as const);
  for (const file of found.flatMap(([, files]) => files)) if (file.changed) warn(changedNote(file));
  return Object.fromEntries(found.filter(([, files]) => files.length > 0));
}
