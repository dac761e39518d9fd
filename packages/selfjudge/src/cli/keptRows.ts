import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError, fileSystemError, shellWord, syncPath } from '@selfjudge/base';
import { hashOfFile, ProcessLock, wholeLines, writeJson } from '@selfjudge/base/internal';
import type { RowsOrigin } from '../models/judgeOrigin.js';
import { contentFaults } from '../training/fingerprints.js';
import { configFaults } from '../training/sameRun.js';
import { configOf, damaged, partialOf, stateOf, type Finished, type State } from './rowsState.js';

/** A JSON object a line. */
export type WrittenRow = Readonly<Record<string, unknown>>;

/** What of a row is asked for afterwards: the rest need not stay in memory. */
export type Remember = (row: WrittenRow) => WrittenRow;

/** Where rows go as they are made. */
export interface RowsOutput {
  /** What the rows that are there began with; undefined where there are none. */
  readonly before?: RowsOrigin;
  /** Of all rows so far, in order, what is remembered. */
  readonly rows: readonly WrittenRow[];
  begin(origin: RowsOrigin, total: number): Promise<void>;
  append(rows: readonly WrittenRow[]): void;
  /** Takes the last rows out again; absent where what was written stays. */
  takeBack?(count: number): void;
  /** All rows are there. */
  finish(): Promise<void>;
  /** What keeps them for the next process, in words; undefined where nothing does. */
  readonly kept?: string;
  close(): void;
}

/** Rows written to what takes nothing back: the standard output, a pipe. */
export class PassedRows implements RowsOutput {
  readonly rows: WrittenRow[] = [];

  constructor(
    private readonly print: (text: string) => void,
    readonly close: () => void,
    private readonly remember: Remember,
  ) {}

  async begin(): Promise<void> {}
  async finish(): Promise<void> {}

  append(rows: readonly WrittenRow[]): void {
    for (const row of rows) {
      const line = JSON.stringify(row);
      this.print(`${line}\n`);
      this.rows.push(this.remember(asRead(line)));
    }
  }
}

/** As it is read again: numbers that are none are null. */
const asRead = (line: string): WrittenRow => JSON.parse(line) as WrittenRow;

/**
 * Rows that are kept as they are made. Until the last one is there they lie in FILE.partial; then that takes the name FILE. What
 * they are of lies in FILE.config.json, from the first row on and beside the finished file too, so that rows of another model,
 * template, configuration or input never follow those that are there. A process that was killed in the middle of a line leaves
 * a line without an end, which is dropped.
 */
export class KeptRows implements RowsOutput {
  readonly #partial: string;
  readonly #config: string;
  #origin: RowsOrigin | undefined;
  #fd: number | undefined;
  #rows: WrittenRow[] = [];
  /** The byte behind each of them. */
  #ends: number[] = [];
  #finished = false;

  private constructor(
    readonly path: string,
    private readonly lock: ProcessLock,
    private readonly state: State | undefined,
    private readonly remember: Remember,
  ) {
    this.#partial = partialOf(path);
    this.#config = configOf(path);
  }

  /**
   * Looks at what is there, and holds it until `close`.
   * @throws ConfigError when another process works on it; FileFormatError when it is damaged, saying how to go on;
   *   FileSystemError
   */
  static open(path: string, remember: Remember = (row) => row): KeptRows {
    const lock = guarded(path, () => ProcessLock.acquire(join(dirname(path), `.${basename(path)}.lock`)));
    if (!(lock instanceof ProcessLock))
      throw new ConfigError({
        key: '--out',
        expected: 'a file that no other process writes (wait for it to end, or another file)',
        received: `${path}, held by process ${lock.pid}`,
      });
    try {
      return new KeptRows(path, lock, stateOf(path), remember);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get before(): RowsOrigin | undefined {
    return this.state;
  }

  get rows(): readonly WrittenRow[] {
    return this.#rows;
  }

  get kept(): string | undefined {
    return this.#finished || this.#rows.length === 0 ? undefined : this.#partial;
  }

  /**
   * Takes up the rows that are there, or begins without any.
   * @param total rows when all are there
   * @throws ConfigError naming all that differs from what they began with; FileFormatError when they are damaged
   */
  async begin(origin: RowsOrigin, total: number): Promise<void> {
    const { path, state } = this;
    this.#origin = origin;
    if (state === undefined) {
      await writeJson(this.#config, origin);
      this.#fd = guarded(this.#partial, () => openSync(this.#partial, 'w'));
      return;
    }
    const files = [this.#partial, this.#config].filter((file) => existsSync(file)).map(shellWord);
    const of = {
      what: `the rows in ${path}`,
      other: `another --out, or rm ${files.join(' ')} to begin anew`,
    };
    const faults = [
      ...configFaults(state.config, origin.config, { keys: new Set() }, of),
      // Rows come from a file that is named by itself here.
      ...contentFaults(state.contents, origin.contents, of.what).faults.map((fault) =>
        fault.key === 'dataset_name' ? { ...fault, key: 'file' } : fault,
      ),
    ];
    const [first, ...more] = faults;
    if (first !== undefined) throw new ConfigError(first, ...more);
    if (state.finished === undefined) this.#goOn(total);
    else this.#takeFinished(state.finished);
  }

  /** Rows that follow those so far. They outlast this process at once, and a failure of the machine once finished. */
  append(rows: readonly WrittenRow[]): void {
    const lines = rows.map((row) => JSON.stringify(row));
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    guarded(this.#partial, () => {
      let done = 0;
      while (done < bytes.length) done += writeSync(this.#fd!, bytes, done, bytes.length - done);
    });
    for (const line of lines) {
      this.#ends.push((this.#ends.at(-1) ?? 0) + Buffer.byteLength(line) + 1);
      this.#rows.push(this.remember(asRead(line)));
    }
  }

  takeBack(count: number): void {
    const left = this.#rows.length - count;
    this.#rows.length = left;
    this.#ends.length = left;
    this.#closeFile();
    guarded(this.#partial, () => {
      truncateSync(this.#partial, this.#ends.at(-1) ?? 0);
      this.#fd = openSync(this.#partial, 'a');
    });
  }

  /** They take the name. */
  async finish(): Promise<void> {
    if (this.#finished) return;
    guarded(this.#partial, () => fsyncSync(this.#fd!));
    this.#closeFile();
    const finished: Finished = { rows: this.#rows.length, sha256: hashOfFile(this.#partial) };
    await writeJson(this.#config, { ...this.#origin, finished });
    this.#take();
  }

  /** Whoever comes next may go on; of work that came to no row nothing is left. */
  close(): void {
    const begun = this.#fd !== undefined;
    this.#closeFile();
    if (begun && this.#rows.length === 0)
      for (const path of [this.#partial, this.#config]) rmSync(path, { force: true });
    this.lock.release();
  }

  #goOn(total: number): void {
    const partial = this.#partial;
    const end = this.#read(partial);
    if (this.#rows.length > total) {
      const expected = `at most the ${total} rows that there are`;
      throw damaged(partial, expected, this.#rows.length, partial);
    }
    guarded(partial, () => {
      truncateSync(partial, end);
      this.#fd = openSync(partial, 'a');
    });
  }

  #takeFinished({ sha256 }: Finished): void {
    const { path } = this;
    // A process that ended between the two has not given it its name yet.
    if (existsSync(this.#partial) && hashOfFile(this.#partial) === sha256) this.#take();
    else if (hashOfFile(path) !== sha256)
      throw damaged(path, 'the rows that were written into it', 'others: it was changed since', this.#config);
    this.#read(path);
    this.#finished = true;
  }

  /** Takes up the rows of a file. @returns the byte behind the last of them */
  #read(path: string): number {
    let last = 0;
    for (const { text, end } of wholeLines(path)) {
      this.#rows.push(this.remember(rowIn(text, path, this.#rows.length + 1)));
      this.#ends.push(end);
      last = end;
    }
    return last;
  }

  #take(): void {
    guarded(this.path, () => {
      renameSync(this.#partial, this.path);
      syncPath(dirname(this.path));
    });
    this.#finished = true;
  }

  #closeFile(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }
}

/** @throws FileFormatError for a line that is no row though it has its end */
function rowIn(text: string, path: string, line: number): WrittenRow {
  try {
    const row: unknown = JSON.parse(text);
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as WrittenRow;
  } catch {
    // Said below, as what is no object.
  }
  throw damaged(path, 'a row', text, path, line);
}

function guarded<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw fileSystemError(path, 'a file that can be written', error);
  }
}
