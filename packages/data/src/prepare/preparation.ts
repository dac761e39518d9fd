import { join } from 'node:path';

import { PendingFile } from '@selfjudge/base';
import { exactText } from '@selfjudge/text/internal';

import type { FileRow, Place } from '../chosenRows.js';
import type { Row } from '../convert.js';
import { readAny, type Said } from '../said.js';
import { firstUserTurn, hashFraction, splitOf, SPLITS } from '../split.js';
import { Claims } from './claims.js';
import { KeptRows } from './keptRows.js';
import { studied } from './labelStudy.js';
import type { NamedSets } from './namedSets.js';
import { NearRows, shinglesOf } from './nearRows.js';
import { REMOVED, type PreparedRows, type PrepareHooks, type PrepareOptions } from './prepareOptions.js';

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

/** What becomes of rows, one after the other, and the files that they go to. */
export class Preparation {
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

  readonly #shares: ReadonlyMap<string, number>;

  /** @param files those that rows come from, in their order */
  constructor(
    folder: string,
    files: readonly string[],
    private readonly options: PrepareOptions,
    private readonly sets: NamedSets | undefined,
  ) {
    const { split, near, mixture } = options;
    this.#shares = new Map(files.map((file, i) => [file, mixture?.[i] ?? 1]));
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
    // Rows that are not drawn are counted with those that are not chosen.
    if (!this.#isDrawn(file, said)) return;
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

  #isDrawn(file: string, { prompt }: Said): boolean {
    const share = this.#shares.get(file)!;
    return share === 1 || hashFraction(JSON.stringify([this.options.seed, firstUserTurn(prompt)])) < share;
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
