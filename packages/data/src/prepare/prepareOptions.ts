import type { Choice } from '../chosenRows.js';
import type { RowKind } from '../said.js';
import type { SplitFractions } from '../split.js';
import type { PromptFormat } from '../text.js';
import type { WrittenFile } from './keptRows.js';
import type { LabelStudy } from './labelStudy.js';

export const REMOVED = 'removed.jsonl';

/** What becomes of rows that contradict each other: all go, the first stays, or all stay. */
export const CONFLICTS = ['drop', 'first', 'keep'] as const;

export interface PrepareOptions extends Pick<Choice, 'shape' | 'where' | 'sample' | 'seed'>, LabelStudy {
  /** What a string prompt is. */
  promptFormat: PromptFormat;
  /** Of each file, in their order, the chance of a question to be among the rows; left out: 1 each. */
  mixture?: readonly number[];
  /** Words in a row that a row may not share with one of the named sets. */
  ngram: number;
  /** Whether rows that say what one before them says go, and what `conflicts` says is done. */
  dedup: boolean;
  conflicts: (typeof CONFLICTS)[number];
  /** How similar rows may not be, from 0.5 to 1; 0 for no such limit. */
  near: number;
  /** Shares of the splits, each of which above 0 is a file; undefined for one file. */
  split?: SplitFractions;
}

export interface PrepareHooks {
  signal?: AbortSignal;
  /** Bytes of all files that were read. */
  onProgress?(bytes: number): void;
  onWarning?(message: string): void;
}

export interface PreparedRows {
  /** Rows in the files, of use or not. */
  read: number;
  kept: number;
  /** Rows that are not kept, by the reason. */
  left_out: Record<string, number>;
  /** Rows that are kept, by what they are read as, before those that a conflict took back. */
  kinds: Partial<Record<RowKind, number>>;
  files: Record<string, WrittenFile>;
}
