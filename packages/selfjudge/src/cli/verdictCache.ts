import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fileSystemError, makeFolder } from '@selfjudge/base';
import type { Verdict } from '@selfjudge/judging';
import type { VerdictStore } from '@selfjudge/judging/internal';
import { isVerdict } from '@selfjudge/judging/checks';

const NEWLINE = 0x0a;
const WINDOW = 1 << 20;
/** How an entry begins, and what it ends with: a line that does not was torn. */
const ENTRY = /^\{"key":"([0-9a-f]{64})","sum":"[0-9a-f]{16}","verdict":\{/;
const BEGINNING = 128;
const END = '}}';

/**
 * The verdicts of one judge on disk, FOLDER/FINGERPRINT.jsonl, an entry a line, which every process appends to. They are the ones it
 * gave to the bit; one that JSON cannot hold so is not kept. An entry that a crash has torn is named in a warning and left out.
 */
export class VerdictCache implements VerdictStore {
  readonly #path: string;
  readonly #fd: number;
  /** Where entries stand. */
  readonly #places = new Map<string, { start: number; length: number }>();
  readonly #warn: (message: string) => void;
  /** Bytes that were looked at, and their lines. */
  #seen = 0;
  #lines = 0;
  #hits = 0;

  /**
   * @param fingerprint of all that decides the judge's verdicts
   * @throws FileSystemError
   */
  constructor(folder: string, fingerprint: string, warn: (message: string) => void) {
    this.#path = join(folder, `${fingerprint}.jsonl`);
    this.#warn = warn;
    makeFolder(folder);
    this.#fd = this.#guarded(() => openSync(this.#path, 'a+'));
    const torn = this.#scan();
    if (this.#seen < this.#size()) {
      // Without its end the next entry would be of the same line.
      torn.push(this.#lines + 1);
      this.#guarded(() => writeSync(this.#fd, '\n'));
      this.#seen = this.#size();
      this.#lines++;
    }
    if (torn.length > 0)
      warn(`${torn.length} torn entries of the cache are left out, the first in ${this.#path}:${torn[0]}`);
  }

  /** Verdicts that were taken from here. */
  get hits(): number {
    return this.#hits;
  }

  get(key: string): Verdict | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const verdict = verdictIn(this.#bytesAt(place).toString('utf8'), key);
    if (verdict !== undefined) {
      this.#hits++;
      return verdict;
    }
    this.#places.delete(key);
    this.#warn(`an entry of the cache is damaged and left out: ${this.#path} at byte ${place.start}`);
    return undefined;
  }

  add(verdicts: ReadonlyMap<string, Verdict>): void {
    const lines = [...verdicts].flatMap(([key, verdict]) => {
      const text = JSON.stringify(verdict);
      if (!isDeepStrictEqual(JSON.parse(text), verdict)) return [];
      return [`${JSON.stringify({ key, sum: sumOf(text), verdict })}\n`];
    });
    if (lines.length === 0) return;
    // One call, so that what other processes append stands before or behind it.
    const bytes = Buffer.from(lines.join(''));
    this.#guarded(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done, bytes.length - done);
    });
    // Those of other processes too.
    this.#scan();
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Finds the entries that came since the last look. @returns lines, from 1, that are none */
  #scan(): number[] {
    const size = this.#size();
    const torn: number[] = [];
    for (let at = this.#seen; at < size; at += WINDOW) {
      const window = this.#bytesAt({ start: at, length: Math.min(WINDOW, size - at) });
      for (let end = window.indexOf(NEWLINE); end !== -1; end = window.indexOf(NEWLINE, end + 1)) {
        this.#lines++;
        if (at + end > this.#seen && !this.#take(this.#seen, at + end)) torn.push(this.#lines);
        this.#seen = at + end + 1;
      }
    }
    return torn;
  }

  #take(start: number, end: number): boolean {
    const length = end - start;
    const beginning = this.#bytesAt({ start, length: Math.min(length, BEGINNING) }).toString('latin1');
    const key = ENTRY.exec(beginning)?.[1];
    const last = this.#bytesAt({
      start: Math.max(start, end - END.length),
      length: Math.min(length, END.length),
    });
    if (key === undefined || last.toString('latin1') !== END) return false;
    this.#places.set(key, { start, length });
    return true;
  }

  #size(): number {
    return this.#guarded(() => fstatSync(this.#fd)).size;
  }

  #bytesAt({ start, length }: { start: number; length: number }): Buffer {
    const bytes = Buffer.alloc(length);
    this.#guarded(() => {
      for (let done = 0; done < length;) {
        const n = readSync(this.#fd, bytes, done, length - done, start + done);
        if (n === 0) break;
        done += n;
      }
    });
    return bytes;
  }

  #guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw fileSystemError(this.#path, 'a file that can be read and appended to', error);
    }
  }
}

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The verdict of an entry; undefined where it is damaged. */
function verdictIn(line: string, key: string): Verdict | undefined {
  try {
    const entry = JSON.parse(line) as { key: unknown; sum: unknown; verdict: Verdict };
    isVerdict(entry.verdict, 'verdict', 'VerdictCache');
    return entry.key === key && entry.sum === sumOf(JSON.stringify(entry.verdict))
      ? entry.verdict
      : undefined;
  } catch {
    return undefined;
  }
}
