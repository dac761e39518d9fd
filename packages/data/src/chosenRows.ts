import { Random } from '@selfjudge/base';

import type { Row } from './convert.js';
import { dataFileParts, type ReadOptions } from './dataFile.js';
import type { Issue } from './problem.js';
import { linesWhere } from './where.js';

/** Where a row stands. `line` counts from 1. */
export interface Place {
  file: string;
  line: number;
}

/** A row of a file in the columns that are read and in its own, or why it is none. */
export type FileRow = Place & ({ value: Row; columns: Row; issue?: undefined } | { issue: Issue });

export interface Choice extends Pick<ReadOptions, 'shape'> {
  /** Takes only rows of which this condition in SQL on their columns holds. */
  where?: string;
  /** Takes this many rows of those, drawn by the seed, in the order of the files. */
  sample?: number;
  seed: number;
  /** Told of each part of a file that was read: the rows in it, chosen or not. */
  onRead?(rows: number): void;
  /** Of the file that is read, as `ReadOptions` has it. */
  onBytes?(file: string, bytes: number): void;
}

/**
 * The rows of files that are asked for, in their order. A sample is held in memory.
 * @throws ConfigError for a condition that is none; what `readDataFile` throws
 */
export async function* chosenRows(files: readonly string[], choice: Choice): AsyncGenerator<FileRow> {
  if (choice.sample === undefined) return yield* rowsOf(files, choice);
  // Each row that comes takes the place of a kept one with the chance that leaves all the same.
  const random = new Random(choice.seed);
  const kept: { at: number; row: FileRow }[] = [];
  let at = 0;
  for await (const row of rowsOf(files, choice)) {
    const place = at < choice.sample ? at : random.below(at + 1);
    if (place < choice.sample) kept[place] = { at, row };
    at++;
  }
  for (const { row } of kept.toSorted((a, b) => a.at - b.at)) yield row;
}

async function* rowsOf(
  files: readonly string[],
  { shape, where, onRead, onBytes }: Choice,
): AsyncGenerator<FileRow> {
  for (const file of files) {
    const lines = where === undefined ? undefined : await linesWhere(file, where, { shape });
    const read = { shape, ...(onBytes && { onBytes: (bytes: number) => onBytes(file, bytes) }) };
    for await (const { rows, issues } of dataFileParts(file, read)) {
      onRead?.(rows.length + issues.length);
      // What is no row has no columns to ask.
      const broken = lines === undefined ? issues.map((issue) => ({ line: issue.line, issue })) : [];
      const chosen = lines === undefined ? rows : rows.filter(({ line }) => lines.has(line));
      const inOrder =
        broken.length === 0 ? chosen : [...chosen, ...broken].toSorted((a, b) => a.line - b.line);
      for (const row of inOrder) yield { file, ...row };
    }
  }
}
