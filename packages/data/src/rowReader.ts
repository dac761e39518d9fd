import { FileFormatError, isError } from '@selfjudge/base';

import { withExactColumns } from './exactColumns.js';
import { arrayElements, parseJson } from './json.js';
import { refuseArray, refuseOthers } from './otherKinds.js';
import type { Issue } from './problem.js';
import { Shaper, type RowShape } from './shaper.js';

/** A row of a file. `line` counts from 1; of a file that is one JSON array or Parquet it counts the elements or rows. */
export interface Line {
  line: number;
  /** In the columns that are read here, whatever the file's shape. */
  value: Readonly<Record<string, unknown>>;
  /** The columns as the file has them. */
  columns: Readonly<Record<string, unknown>>;
}

export interface DataFile {
  rows: Line[];
  /** Lines that are no row, or none of the shape. */
  issues: Issue[];
}

/** Broken lines after which a file that has no more good ones is taken for another kind of file. */
const MANY = 10_000;

/** Makes rows of the lines of a file, of the elements of its array, or of rows as JSON. They are taken as they come. */
export class RowReader {
  readonly #path: string;
  #file: DataFile = { rows: [], issues: [] };
  readonly #read = { rows: 0, issues: 0 };
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #line = 0;
  /** Whether a line that is not blank was read. */
  #begun = false;

  readonly #shaper: Shaper;

  constructor(path: string, shape: RowShape) {
    this.#path = path;
    this.#shaper = new Shaper(shape);
  }

  line(bytes: Uint8Array): void {
    this.#line++;
    if (bytes.length === 0) return;
    let text = '';
    try {
      text = this.#decoder.decode(bytes).trim();
      if (text !== '') this.#add(text);
    } catch (error) {
      if (isError(error)) throw error;
      if (!this.#begun) refuseOthers(this.#path, text);
      this.broken(this.#line, (error as Error).message);
    }
    if (text !== '') this.#begun = true;
  }

  end(): void {}

  array(bytes: Uint8Array): void {
    try {
      for (const element of arrayElements(this.#decoder.decode(bytes))) {
        this.text(this.#line + 1, element.trim());
      }
    } catch (error) {
      if (isError(error)) throw error;
      refuseArray(this.#path, (error as Error).message);
    }
  }

  /** A row that stands as JSON. */
  text(line: number, text: string): void {
    this.#line = line;
    try {
      this.#add(text);
    } catch (error) {
      if (isError(error)) throw error;
      this.broken(line, (error as Error).message);
    }
  }

  /** What is no row. @throws FileFormatError when most of many are none */
  broken(line: number, reason: string): void {
    this.#file.issues.push({ file: this.#path, line, code: 'broken-line', reason });
    const { rows, issues } = this.#read;
    this.#read.issues++;
    if (issues + 1 < MANY || issues + 1 < rows) return;
    const received = `${issues + 1} other lines, as line ${line} (${reason})`;
    throw new FileFormatError({ path: this.#path, expected: 'JSONL, a JSON object a line', received });
  }

  /** What was read since it was asked last. */
  take(): DataFile {
    const file = this.#file;
    this.#file = { rows: [], issues: [] };
    return file;
  }

  #add(text: string): void {
    const value = parseJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SyntaxError(`expected a JSON object, received ${text.slice(0, 40)}`);
    }
    const columns = withExactColumns(value as Record<string, unknown>, text);
    const shaped = this.#shaper.row(this.#line, columns);
    this.#read.rows++;
    if (shaped.problem) this.#file.issues.push({ file: this.#path, line: this.#line, ...shaped.problem });
    else for (const row of shaped.value) this.#file.rows.push({ line: this.#line, value: row, columns });
  }
}
