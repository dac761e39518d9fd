import { basename } from 'node:path';
import { Readable } from 'node:stream';

import { DataError } from '@selfjudge/base';

import type { ConvertOptions, Row } from './convert.js';
import { toJudgedPair, toLabelledRow, toPreferencePair, toPromptRow, toSftExample } from './convert.js';
import { dataFileParts, partsOf } from './dataFile.js';
import type { Issue, Outcome } from './problem.js';
import { describeIssues } from './problem.js';
import type { DataFile } from './rowReader.js';
import { promptOfExample } from './rows.js';
import type { JudgedPair, LabelledRow, PreferencePair, PromptRow, SftExample } from './rows.js';
import type { RowShape } from './shaper.js';
import { KNOWN_SHAPES } from './shapes.js';
import type { Split, SplitFractions } from './split.js';
import { splitOf } from './split.js';
import type { PromptFormat, Text } from './text.js';

export interface LoadRowsOptions {
  /**
   * What a string prompt is: text as it stands with its answers, control tokens included, as in TRL's standard format
   * ('standard', the default for files), or one user turn ('chat').
   */
  promptFormat?: PromptFormat;
  /** What the rows are: told by their columns ('auto', the default), a known shape, or a mapping of their columns. */
  shape?: RowShape;
  /** Takes only the rows of this split. */
  split?: Split;
  fractions?: SplitFractions;
  /** Takes at most this many rows, the first ones. */
  limit?: number;
}

export interface Dataset<T> {
  /** In the order of the file. */
  rows: T[];
  /** Every row of the file that could not be used, of whatever split. */
  issues: Issue[];
  /** Rows of the file, of whatever split, usable or not. */
  read?: number;
}

/** Preferences of a file of rows (`readDataFile`); see toPreferencePair for the shapes. @throws DataError when none is left */
export function loadPreferences(path: string, options?: LoadRowsOptions): Promise<Dataset<PreferencePair>> {
  return load(path, options, toPreferencePair, (row) => row.prompt);
}

/** Examples to imitate; see toSftExample for the shapes. @throws DataError when none is left */
export function loadSftExamples(path: string, options?: LoadRowsOptions): Promise<Dataset<SftExample>> {
  return load(path, options, toSftExample, promptOfExample);
}

/** Answers with labels; see toLabelledRow for the shape. @throws DataError when none is left */
export function loadLabelled(path: string, options?: LoadRowsOptions): Promise<Dataset<LabelledRow>> {
  return load(path, options, toLabelledRow, (row) => row.prompt);
}

/** Prompts; see toPromptRow for the shapes. @throws DataError when none is left */
export function loadPrompts(path: string, options?: LoadRowsOptions): Promise<Dataset<PromptRow>> {
  return load(path, options, toPromptRow, (row) => row.prompt);
}

/** Judgments with ties and rationales; see toJudgedPair for the shape. @throws DataError when none is left */
export function loadJudgedPairs(path: string, options?: LoadRowsOptions): Promise<Dataset<JudgedPair>> {
  return load(path, options, toJudgedPair, (row) => row.prompt);
}

/** The same of a file that was read already. @param path named in errors and places */
export async function judgedPairsIn(
  bytes: Buffer,
  path: string,
  options?: LoadRowsOptions,
): Promise<Dataset<JudgedPair>> {
  return datasetOf(
    partsOf(path, Readable.from([bytes]), options),
    path,
    options,
    toJudgedPair,
    (row) => row.prompt,
  );
}

type Convert<T> = (row: Row, id: string, options: ConvertOptions) => Outcome<T>;

const load = <T extends { place?: string }>(
  path: string,
  options: LoadRowsOptions | undefined,
  convert: Convert<T>,
  promptOf: (row: T) => Text,
): Promise<Dataset<T>> => datasetOf(dataFileParts(path, options), path, options, convert, promptOf);

async function datasetOf<T extends { place?: string }>(
  parts: AsyncIterable<DataFile>,
  path: string,
  options: LoadRowsOptions = {},
  convert: Convert<T>,
  promptOf: (row: T) => Text,
): Promise<Dataset<T>> {
  const { split, fractions, limit = Infinity, promptFormat = 'standard' } = options;
  const issues: Issue[] = [];
  const rows: T[] = [];
  let read = 0;
  let last = 0;
  for await (const part of parts) {
    for (const issue of part.issues) issues.push(issue);
    read += part.rows.length + part.issues.length;
    last = Math.max(last, part.rows.at(-1)?.line ?? 0, part.issues.at(-1)?.line ?? 0);
    for (const { line, value } of part.rows) {
      const outcome = convert(value, idOf(value, path, line), { promptFormat });
      if (outcome.value !== undefined) outcome.value.place = `${path}:${line}`;
      if (outcome.problem) issues.push({ file: path, line, ...outcome.problem });
      else if (
        rows.length < limit &&
        (split === undefined || splitOf(promptOf(outcome.value), fractions) === split)
      ) {
        rows.push(outcome.value);
      }
    }
  }
  issues.sort((a, b) => a.line - b.line);
  if (rows.length === 0) {
    const of = split === undefined ? '' : ` of the split '${split}'`;
    const why = issues.length > 0 ? `; left out:\n${describeIssues(issues)}` : '';
    const isUnknown = issues.length > 0 && issues.every(({ code }) => code === 'unknown-shape');
    const known = isUnknown
      ? `\nshapes known: ${KNOWN_SHAPES}; another is read by a mapping of its columns (dataset_shape)`
      : '';
    throw new DataError({ path, line: last, reason: `no usable row${of} among ${last} lines${why}${known}` });
  }
  return { rows, issues, read };
}

/** What a row is called: its own id, or where it stands. */
export function idOf(row: Row, path: string, line: number): string {
  const own = row.id ?? row.prompt_id;
  return typeof own === 'string' || typeof own === 'number' ? String(own) : `${basename(path)}:${line}`;
}
