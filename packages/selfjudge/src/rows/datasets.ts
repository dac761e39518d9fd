import type {
  Dataset,
  LoadRowsOptions,
  PreferencePair,
  PromptFormat,
  PromptRow,
  SftExample,
  Split,
} from '@selfjudge/data';
import { describeIssues, loadPreferences, loadPrompts, loadSftExamples } from '@selfjudge/data/internal';

export interface DatasetOptions {
  datasetName: string[];
  datasetSplit: Split | 'all';
  /** 0 for all. */
  datasetLimit: number;
  /** What a string prompt is. */
  promptFormat: PromptFormat;
}

/** Rows left out are reported once, with counts and the first places. */
export type Warn = (message: string) => void;

async function loadAll<T>(
  load: (path: string, options: LoadRowsOptions) => Promise<Dataset<T>>,
  { datasetName, datasetSplit, datasetLimit, promptFormat }: DatasetOptions,
  warn: Warn,
): Promise<T[]> {
  const rows: T[] = [];
  for (const path of datasetName) {
    const set = await load(path, {
      split: datasetSplit === 'all' ? undefined : datasetSplit,
      promptFormat,
    });
    if (set.issues.length > 0) warn(`${set.issues.length} rows left out\n${describeIssues(set.issues)}`);
    for (const row of set.rows) rows.push(row);
  }
  return datasetLimit > 0 ? rows.slice(0, datasetLimit) : rows;
}

/** Where the rows of a run come from. */
export interface RowSource {
  preferences(options: DatasetOptions, warn: Warn): Promise<PreferencePair[]>;
  prompts(options: DatasetOptions, warn: Warn): Promise<PromptRow[]>;
  sftExamples(options: DatasetOptions, warn: Warn): Promise<SftExample[]>;
}

/** The files that the options name. */
export const fileRows: RowSource = {
  preferences: (options, warn) => loadAll(loadPreferences, options, warn),
  prompts: (options, warn) => loadAll(loadPrompts, options, warn),
  sftExamples: (options, warn) => loadAll(loadSftExamples, options, warn),
};
