import { createHash } from 'node:crypto';
import { ArgumentError } from '@selfjudge/base';
import type {
  Dataset,
  LabelledRow,
  Labels,
  Message,
  Outcome,
  PreferencePair,
  PromptFormat,
  PromptRow,
  Rationales,
  Row,
  SftExample,
  Text,
} from '@selfjudge/data';
import {
  describeIssues,
  isStandard,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from '@selfjudge/data/internal';
import type { DatasetOptions, RowSource, Warn } from '../rows/datasets.js';

/** Rows of a loaded file (`loadPreferences`, ...), or rows of your own. */
export type Rows<Loaded, Own> = Dataset<Loaded> | readonly Own[];

/** Two answers to one prompt, one better than the other. */
export interface PreferenceRow {
  prompt: Text;
  chosen: string;
  rejected: string;
  id?: string;
  /** By principle of the judge template, which answer is the better one. */
  labels?: Labels;
  /** By principle, why. */
  rationales?: Rationales;
}

/** An answer, and whether it is wanted. */
export interface LabelRow {
  prompt: Text;
  completion: string;
  label: boolean;
  id?: string;
}

/** A conversation to imitate, or a prompt with its completion. */
export type SftRow =
  | { messages: readonly Message[]; id?: string }
  | { prompt: Text; completion: string; id?: string }
  | PreferenceRow;

export type PreferenceRows = Rows<PreferencePair, PreferenceRow>;
export type LabelRows = Rows<LabelledRow, LabelRow>;
export type SftRows = Rows<SftExample, SftRow>;
/** Preferences serve too: their answers are not looked at. */
export type PromptRows = Rows<PromptRow, Text | { prompt: Text; id?: string }>;

export const preferencesOf = (rows: PreferenceRows, warn: Warn) => rowsOf(rows, toPreferencePair, warn);
export const labelledOf = (rows: LabelRows, warn: Warn) => rowsOf(rows, toLabelledRow, warn);
export const sftExamplesOf = (rows: SftRows, warn: Warn) => rowsOf(rows, toSftExample, warn);
export const promptsOf = (rows: PromptRows, warn: Warn) =>
  rowsOf('rows' in rows ? rows : rows.map(asRow), toPromptRow, warn);

const asRow = (prompt: Text | { prompt: Text }): object =>
  typeof prompt === 'string' || Array.isArray(prompt) || 'messages' in prompt ? { prompt } : prompt;

/** Rows of one's own are held to what a file's rows are: those that cannot be used are left out and counted. */
function rowsOf<T>(rows: Rows<T, object>, convert: (row: Row, id: string) => Outcome<T>, warn: Warn): T[] {
  if ('rows' in rows) return rows.rows;
  const all = rows.map((row, i) => {
    const { id } = row as { id?: unknown };
    const known = typeof id === 'string' || typeof id === 'number';
    return convert(row as Row, known ? String(id) : `row ${i + 1}`);
  });
  const issues = all.flatMap(({ problem }, i) =>
    problem ? [{ file: 'rows', line: i + 1, ...problem }] : [],
  );
  if (issues.length > 0) warn(`${issues.length} rows left out\n${describeIssues(issues)}`);
  return all.flatMap(({ value, problem }) => (problem ? [] : [value]));
}

/** How the rows read string prompts: rows of one's own as user turns, those of a file as it was loaded. */
export function formatOf(...sets: (Rows<unknown, unknown> | undefined)[]): PromptFormat {
  const all = sets.flatMap((rows) => (rows !== undefined && 'rows' in rows ? rows.rows : (rows ?? [])));
  const standard = (row: unknown) => {
    const prompt = (row as { prompt?: Text } | undefined)?.prompt;
    return prompt !== undefined && prompt !== null && isStandard(prompt);
  };
  return all.some(standard) ? 'standard' : 'chat';
}

/** What a run's config.yaml says of rows that came from no file: resuming with others is refused. */
export function nameOf(...sets: (Rows<unknown, unknown> | undefined)[]): string {
  // Where a row stood in its file is nothing that it says.
  const said = (row: unknown) => ({ ...(row as object), place: undefined });
  const all = sets.map((rows) => (rows !== undefined && 'rows' in rows ? rows.rows.map(said) : (rows ?? [])));
  const hash = createHash('sha256').update(jsonOf(all)).digest('hex').slice(0, 16);
  return `${all.map(({ length }) => length).join(' + ')} rows in memory, sha256 ${hash}`;
}

function jsonOf(rows: unknown): string {
  try {
    return JSON.stringify(rows);
  } catch (error) {
    throw new ArgumentError('dataset', {
      where: 'rows',
      expected: 'rows that JSON can hold',
      received: (error as Error).message,
    });
  }
}

/**
 * Where a method reads its rows: the one kind that was given, and beside it those that are never trained on.
 * @param where named in errors
 * @param dev what the dev split is
 */
export function sourceOf(where: string, given: Partial<RowSource>, dev: Partial<RowSource>): RowSource {
  const read =
    <K extends keyof RowSource>(kind: K) =>
    (options: DatasetOptions, warn: Warn): ReturnType<RowSource[K]> => {
      const isDev = options.datasetSplit === 'dev';
      const rows = (isDev ? dev : given)[kind] as
        ((options: DatasetOptions, warn: Warn) => ReturnType<RowSource[K]>) | undefined;
      if (rows !== undefined) return rows(options, warn);
      throw new ArgumentError(isDev ? 'dev' : 'dataset', {
        where,
        expected: isDev
          ? `${kind} that are never trained on, as evalSteps is above 0`
          : `${kind} for it to read`,
        received: isDev ? 'none' : 'others',
      });
    };
  return {
    examples: read('examples'),
    labelled: read('labelled'),
    preferences: read('preferences'),
    prompts: read('prompts'),
  };
}
