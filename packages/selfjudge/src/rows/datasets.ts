import type { Tokenizer } from '@selfjudge/text';
import {
  describeIssues,
  describeProblems,
  loadPreferences,
  loadPrompts,
  loadSftExamples,
  type Dataset,
  type LoadRowsOptions,
  type PreferencePair,
  type PromptRow,
  type SftExample,
  type Split,
} from '@selfjudge/data';
import { judgeSequences, type JudgeTemplate } from '@selfjudge/judging';
import { judgeExample, type Prepared, type SupervisedExample } from '@selfjudge/training';

export interface DatasetOptions {
  datasetName: string[];
  datasetSplit: Split | 'all';
  /** 0 for all. */
  datasetLimit: number;
}

/** Rows left out are reported once, with counts and the first places. */
export type Warn = (message: string) => void;

async function loadAll<T>(
  load: (path: string, options: LoadRowsOptions) => Promise<Dataset<T>>,
  { datasetName, datasetSplit, datasetLimit }: DatasetOptions,
  warn: Warn,
): Promise<T[]> {
  const rows: T[] = [];
  for (const path of datasetName) {
    const set = await load(path, { split: datasetSplit === 'all' ? undefined : datasetSplit });
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

/** Judge examples of preference pairs: both orders of every question; pairs over the limit are dropped and counted. */
export function prepareJudge(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  template: JudgeTemplate,
  { maxLength }: { maxLength: number },
): Prepared<SupervisedExample> {
  const out: Prepared<SupervisedExample> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const judged = judgeSequences(row, template, tokenizer);
    const { sequences } = judged;
    const longest = Math.max(0, ...sequences.map(({ tokens }) => tokens.length));
    if (longest > 0 && longest <= maxLength) out.examples.push(judgeExample(judged, row.id));
    else {
      const reason =
        longest === 0
          ? 'no label answers a question of the judge template'
          : `the judge's prompt has ${longest} tokens, the limit is ${maxLength}`;
      out.dropped.push({
        id: row.id,
        problem: { code: longest === 0 ? 'unknown-shape' : 'prompt-too-long', reason },
      });
    }
  }
  return out;
}

/** Says once what preparing cost. */
export function warnDropped(what: string, { examples, dropped, cut }: Prepared<unknown>, warn: Warn): void {
  if (dropped.length > 0) {
    const problems = describeProblems(dropped.map(({ id, problem }) => ({ ...problem, place: id })));
    warn(`${dropped.length} of ${dropped.length + examples.length} ${what} left out\n${problems}`);
  }
  if (cut > 0) warn(`${cut} answers shortened to fit max_length; they have no end token`);
}
