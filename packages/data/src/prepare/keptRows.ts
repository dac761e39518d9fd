import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { fileSystemError, PendingFile } from '@selfjudge/base';
import { wholeLines } from '@selfjudge/base/internal';

const BUFFER = 1 << 20;
const LINES = 1000;
const NAME = 'kept.jsonl';

/** A file of rows that was written. */
export interface WrittenFile {
  rows: number;
  bytes: number;
  /** SHA-256, as hex. */
  sha256: string;
}

/** Lines that are kept until all are known: each can be read again, or taken back, before they go to their files. */
export class KeptRows {
  readonly #path: string;
  readonly #fd: number;
  readonly #starts: number[] = [];
  readonly #parts: number[] = [];
  readonly #withdrawn = new Set<number>();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0;

  /**
   * @param folder there already
   * @param names of the files that lines may go to
   */
  constructor(
    private readonly folder: string,
    private readonly names: readonly string[],
  ) {
    this.#path = join(folder, NAME);
    this.#fd = this.#guarded(() => openSync(this.#path, 'w+'));
  }

  get count(): number {
    return this.#starts.length - this.#withdrawn.size;
  }

  /** @returns the row's number, from 0 */
  add(line: string, name: string): number {
    const bytes = Buffer.from(`${line}\n`);
    this.#starts.push(this.#written + this.#waitingBytes);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= BUFFER) this.#flush();
    return this.#parts.push(this.names.indexOf(name)) - 1;
  }

  lineOf(row: number): string {
    const start = this.#starts[row];
    const end = row + 1 < this.#starts.length ? this.#starts[row + 1] : this.#written + this.#waitingBytes;
    if (end > this.#written) this.#flush();
    const bytes = Buffer.allocUnsafe(end - start - 1);
    this.#guarded(() => readSync(this.#fd, bytes, 0, bytes.length, start));
    return bytes.toString('utf8');
  }

  /** @returns whether it was there until now */
  withdraw(row: number): boolean {
    const isNew = !this.#withdrawn.has(row);
    this.#withdrawn.add(row);
    return isNew;
  }

  /** Puts all lines that are left in their files, in their order. @throws FileSystemError; no file is there then */
  distribute(): Record<string, WrittenFile> {
    this.#flush();
    const outputs = this.names.map((name) => ({
      name,
      file: new PendingFile(join(this.folder, name)),
      hash: createHash('sha256'),
      rows: 0,
      bytes: 0,
      waiting: [] as string[],
    }));
    const pass = (output: (typeof outputs)[number]) => {
      const bytes = Buffer.from(output.waiting.join(''));
      output.file.write(bytes);
      output.hash.update(bytes);
      output.bytes += bytes.length;
      output.waiting = [];
    };
    try {
      let row = 0;
      for (const { text } of wholeLines(this.#path)) {
        const output = outputs[this.#parts[row]];
        if (this.#withdrawn.has(row++)) continue;
        output.rows++;
        if (output.waiting.push(`${text}\n`) >= LINES) pass(output);
      }
      for (const output of outputs) {
        pass(output);
        output.file.commit();
      }
    } finally {
      for (const { file } of outputs) file.discard();
    }
    return Object.fromEntries(
      outputs.map(({ name, rows, bytes, hash }) => [name, { rows, bytes, sha256: hash.digest('hex') }]),
    );
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#guarded(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    });
    this.#written += bytes.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw fileSystemError(this.#path, 'a file that can be written', error);
    }
  }
}
