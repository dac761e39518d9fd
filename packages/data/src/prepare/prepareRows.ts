import { join } from 'node:path';

import { PendingFile } from '@selfjudge/base';
import { exactText } from '@selfjudge/text/internal';

import { chosenRows, type Choice, type FileRow, type Place } from '../chosenRows.js';
import type { Row } from '../convert.js';
import { describeIssues, type Issue } from '../problem.js';
import { readAny, type RowKind, type Said } from '../said.js';
import { splitOf, SPLITS, type SplitFractions } from '../split.js';
import type { PromptFormat } from '../text.js';
import { Claims } from './claims.js';
import { KeptRows, type WrittenFile } from './keptRows.js';
import { studied, type LabelStudy } from './labelStudy.js';
import { NamedSets } from './namedSets.js';
import { NearRows, shinglesOf } from './nearRows.js';

export const REMOVED = 'removed.jsonl';

/** What becomes of rows that contradict each other: all go, the first stays, or all stay. */
export const CONFLICTS = ['drop', 'first', 'keep'] as const;

export interface PrepareOptions extends Pick<Choice, 'shape' | 'where' | 'sample' | 'seed'>, LabelStudy {
  /** What a string prompt is. */
  promptFormat: PromptFormat;
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

/**
 * Rows of files, without those that are of no use, leak a named set, say what another says, contradict one, or are nearly another,
 * written in the columns that are read to one file a split, and a list of those left out. In one pass and the order of the files;
 * some 0.7 KB of memory a kept row, with `near`, whatever its length.
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
  const preparation = new Preparation(folder, options, sets);
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
  for await (const row of chosenRows(files, { seed: 0, onBytes })) {
    signal?.throwIfAborted();
    const { file, line } = row;
    if (row.issue !== undefined) {
      issues.push(row.issue);
      continue;
    }
    const { value: said, problem } = readAny(row.value, promptFormat);
    if (problem) issues.push({ file, line, ...problem });
    else sets.add(said, { file, line });
  }
  if (issues.length > 0)
    onWarning?.(
      `${issues.length} rows of against could not be read: nothing is held against them\n${describeIssues(issues)}`,
    );
  return sets;
}

/** A row's place, and its number among the kept ones where it is one. */
type Entry = Place & { row?: number };

/** Why a row is not kept, beside reasons of its own. */
interface Reason {
  reason: string;
  detail?: string;
  of?: Place;
  words?: string;
  similarity?: number;
}

class Preparation {
  readonly #kept: KeptRows;
  readonly #removed: PendingFile;
  readonly #claims = new Claims<Entry>();
  readonly #near: NearRows | undefined;
  readonly #places: Entry[] = [];
  readonly #leftOut: Record<string, number> = {};
  readonly #kinds: PreparedRows['kinds'] = {};
  /** Kept rows with a label that could have been turned. */
  #labelled = 0;
  /** How many rows each shared n-gram has cost. */
  readonly #shared = new Map<string, number>();

  constructor(
    folder: string,
    private readonly options: PrepareOptions,
    private readonly sets: NamedSets | undefined,
  ) {
    const { split, near } = options;
    const names = split === undefined ? ['rows'] : SPLITS.filter((name) => split[name] > 0);
    this.#kept = new KeptRows(
      folder,
      names.map((name) => `${name}.jsonl`),
    );
    this.#removed = new PendingFile(join(folder, REMOVED));
    if (near > 0) this.#near = new NearRows(near, (row) => shinglesOf(this.#saidBy(row)));
  }

  add(row: FileRow): void {
    const { file, line } = row;
    if (row.issue !== undefined) return this.#leave(row, ofProblem(row.issue));
    const { value: said, problem } = readAny(row.value, this.options.promptFormat);
    if (problem) return this.#leave(row, ofProblem(problem));
    const leak = this.sets?.find(said);
    if (leak !== undefined) {
      this.#shared.set(leak.words, (this.#shared.get(leak.words) ?? 0) + 1);
      return this.#leave(row, { reason: 'contaminated', of: leak.of, words: leak.words });
    }
    const entry: Entry = { file, line };
    const repeated = this.options.dedup ? this.#repeated(said, entry) : undefined;
    if (repeated !== undefined) return this.#leave(row, repeated);
    if (this.#near === undefined) return this.#keep(said, row.value, entry);
    const shingles = shinglesOf(said);
    const near = this.#near.find(shingles);
    if (near !== undefined) {
      const similarity = Number(near.similarity.toFixed(4));
      return this.#leave(row, { reason: 'near-duplicate', of: this.#places[near.row], similarity });
    }
    this.#keep(said, row.value, entry);
    this.#near.add(shingles, entry.row!);
  }

  /** Why a row goes that another one contradicts or is repeated by; of a conflict the other one may go too. */
  #repeated(said: Said, entry: Entry): Reason | undefined {
    const { conflicts } = this.options;
    const { contradicts, repeats } = this.#claims.add(said, entry);
    if (contradicts !== undefined && conflicts !== 'keep') {
      if (conflicts === 'drop' && contradicts.row !== undefined && this.#kept.withdraw(contradicts.row))
        this.#leave(contradicts, { reason: 'conflict', of: entry });
      return { reason: 'conflict', of: contradicts };
    }
    return repeats && { reason: 'duplicate', of: repeats };
  }

  #keep(said: Said, value: Row, entry: Entry): void {
    const { split } = this.options;
    const name = split === undefined ? 'rows' : splitOf(said.prompt, split);
    const { row, isFlipped } = studied(value, said, this.options);
    if (isFlipped !== undefined) this.#labelled++;
    entry.row = this.#kept.add(exactText(row), `${name}.jsonl`);
    if (this.#near !== undefined) this.#places.push(entry);
    this.#kinds[said.kind] = (this.#kinds[said.kind] ?? 0) + 1;
  }

  #leave({ file, line }: Place, { reason, of, ...more }: Reason): void {
    this.#leftOut[reason] = (this.#leftOut[reason] ?? 0) + 1;
    const against = of && { of: { file: of.file, line: of.line } };
    this.#removed.write(Buffer.from(`${JSON.stringify({ file, line, reason, ...against, ...more })}\n`));
  }

  #saidBy(row: number): Said {
    return readAny(JSON.parse(this.#kept.lineOf(row)) as Row, this.options.promptFormat).value!;
  }

  done(read: number, { onWarning }: PrepareHooks): PreparedRows {
    const [words, count] = [...this.#shared].reduce((most, one) => (one[1] > most[1] ? one : most), [
      '',
      0,
    ] as [string, number]);
    if (count >= 10 && count > read / 100)
      onWarning?.(
        `${count} rows go for the same words, which may be a text that all prompts have rather than a leak: "${words}"`,
      );
    if (this.#near !== undefined && this.#near.cutShort > 0)
      onWarning?.(
        `${this.#near.cutShort} rows begin or go on like over 100 others and were compared with 100 of those alone: near duplicates may be left`,
      );
    if ((this.options.labelNoise ?? 0) > 0 && this.#labelled === 0)
      onWarning?.('label_noise turns nothing: no row that is kept prefers anything');
    const left = Object.values(this.#leftOut).reduce((sum, one) => sum + one, 0);
    const kept = this.#kept.count;
    const notChosen = read - left - kept;
    this.#removed.commit();
    return {
      read,
      kept,
      left_out: { ...(notChosen > 0 && { 'not-chosen': notChosen }), ...this.#leftOut },
      kinds: this.#kinds,
      files: this.#kept.distribute(),
    };
  }

  close(): void {
    this.#removed.discard();
    this.#kept.close();
  }
}

const ofProblem = ({ code, reason }: { code: string; reason: string }): Reason => ({
  reason: code,
  detail: reason,
});
