import { DataError } from '@selfjudge/base';

import { chosenRows, type Choice } from '../chosenRows.js';
import { describeIssues, type Issue } from '../problem.js';
import { readAny } from '../said.js';
import { NamedSets } from './namedSets.js';
import { Preparation } from './preparation.js';
import type { PreparedRows, PrepareHooks, PrepareOptions } from './prepareOptions.js';

/**
 * Rows of files, without those that are of no use, leak a named set, say what another says, contradict one, or are nearly another,
 * written in the columns that are read to one file a split, and a list of those left out. In one pass and the order of the files;
 * some 0.4 KB of
 * memory a row, 0.8 KB with `near`, whatever its length.
 *
 * @param against files of the named sets
 * @param folder there already and empty
 * @throws ConfigError for a condition that is none; what `readDataFile` throws
 */
export async function prepareRows(
  files: readonly string[],
  against: readonly string[],
  folder: string,
  options: PrepareOptions,
  hooks: PrepareHooks = {},
): Promise<PreparedRows> {
  const bytes = new Map<string, number>();
  const onBytes = (file: string, done: number) => {
    bytes.set(file, done);
    hooks.onProgress?.([...bytes.values()].reduce((sum, one) => sum + one, 0));
  };
  const sets = against.length > 0 ? await namedSets(against, { ...options, onBytes }, hooks) : undefined;
  const preparation = new Preparation(folder, files, options, sets);
  let read = 0;
  try {
    const choice = { ...options, onBytes, onRead: (rows: number) => void (read += rows) };
    for await (const row of chosenRows(files, choice)) {
      hooks.signal?.throwIfAborted();
      preparation.add(row);
    }
    return preparation.done(read, hooks);
  } finally {
    preparation.close();
  }
}

async function namedSets(
  files: readonly string[],
  { promptFormat, ngram, onBytes }: PrepareOptions & Pick<Choice, 'onBytes'>,
  { signal, onWarning }: PrepareHooks,
): Promise<NamedSets> {
  const sets = new NamedSets(ngram);
  const issues: Issue[] = [];
  let usable = 0;
  for await (const row of chosenRows(files, { seed: 0, onBytes })) {
    signal?.throwIfAborted();
    const { file, line } = row;
    if (row.issue !== undefined) {
      issues.push(row.issue);
      continue;
    }
    const { value: said, problem } = readAny(row.value, promptFormat);
    if (problem) issues.push({ file, line, ...problem });
    else {
      sets.add(said, { file, line });
      usable++;
    }
  }
  const [first] = issues;
  if (usable === 0 && first !== undefined)
    throw new DataError({
      path: first.file,
      line: first.line,
      reason: `no usable row in against: ${first.reason}`,
    });
  if (issues.length > 0)
    onWarning?.(
      `${issues.length} rows of against could not be read: nothing is held against them\n${describeIssues(issues)}`,
    );
  return sets;
}
