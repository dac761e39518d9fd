import type {
  Dataset,
  LabelledRow,
  LoadRowsOptions,
  PreferencePair,
  PromptFormat,
  PromptRow,
  SftExample,
  Split,
  Text,
} from '@selfjudge/data';
import {
  describeIssues,
  loadLabelled,
  loadPreferences,
  loadPrompts,
  loadSftExamples,
  promptOfExample,
} from '@selfjudge/data/internal';
import { rowShape } from './rowShape.js';

export interface DatasetOptions {
  datasetName: string[];
  datasetSplit: Split | 'all';
  /** 0 for all. */
  datasetLimit: number;
  /** Told what there was. */
  tally?: Tally;
  /** What a string prompt is. */
  promptFormat: PromptFormat;
  /** What the rows are, see `rowShape`. Default: told by their columns. */
  datasetShape?: string;
}

/** What became of the rows that were read. */
export interface Tally {
  read: number;
  /** Of the split that was asked for, within the limit. */
  ofSplit: number;
  /** Rows left out, by the code of the reason. */
  leftOut: Record<string, number>;
  /** Answers that were shortened. */
  cut: number;
}

export const countLeftOut = (tally: Tally | undefined, codes: readonly string[]): void => {
  if (tally === undefined) return;
  for (const code of codes) tally.leftOut[code] = (tally.leftOut[code] ?? 0) + 1;
};

/** Rows left out are reported once, with counts and the first places. */
export type Warn = (message: string) => void;

async function loadAll<T>(
  load: (path: string, options: LoadRowsOptions) => Promise<Dataset<T>>,
  { datasetName, datasetSplit, datasetLimit, datasetShape, promptFormat, tally }: DatasetOptions,
  warn: Warn,
): Promise<T[]> {
  const rows: T[] = [];
  const shape = rowShape(datasetShape);
  for (const path of datasetName) {
    const set = await load(path, {
      split: datasetSplit === 'all' ? undefined : datasetSplit,
      promptFormat,
      shape,
    });
    if (set.issues.length > 0) warn(`${set.issues.length} rows left out\n${describeIssues(set.issues)}`);
    for (const row of set.rows) rows.push(row);
    countLeftOut(
      tally,
      set.issues.map(({ code }) => code),
    );
    if (tally !== undefined) tally.read += set.read ?? set.rows.length + set.issues.length;
  }
  const taken = datasetLimit > 0 ? rows.slice(0, datasetLimit) : rows;
  if (tally !== undefined) tally.ofSplit += taken.length;
  return taken;
}

/** The prompt of a row of any kind: of a conversation, all before its last answer. */
export const promptOfRow = (row: PreferencePair | PromptRow | SftExample | LabelledRow): Text =>
  'prompt' in row ? row.prompt : promptOfExample(row);

/** Where the rows of a run come from. */
export interface RowSource {
  preferences(options: DatasetOptions, warn: Warn): Promise<PreferencePair[]>;
  prompts(options: DatasetOptions, warn: Warn): Promise<PromptRow[]>;
  labelled(options: DatasetOptions, warn: Warn): Promise<LabelledRow[]>;
  examples(options: DatasetOptions, warn: Warn): Promise<SftExample[]>;
}

/** The files that the options name. */
export const fileRows: RowSource = {
  preferences: (options, warn) => loadAll(loadPreferences, options, warn),
  prompts: (options, warn) => loadAll(loadPrompts, options, warn),
  labelled: (options, warn) => loadAll(loadLabelled, options, warn),
  examples: (options, warn) => loadAll(loadSftExamples, options, warn),
};
