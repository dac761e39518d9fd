import { FileFormatError, isError } from '@selfjudge/base';

import { withExactColumns } from './exactColumns.js';
import { arrayElements, parseJson } from './json.js';
import { refuseArray, refuseOthers } from './otherKinds.js';
import type { Issue } from './problem.js';

/** A row of a file. `line` counts from 1; of a file that is one JSON array it counts the elements. */
export interface Line {
  line: number;
  value: Record<string, unknown>;
}

export interface JsonlFile {
  rows: Line[];
  /** Lines that are no JSON object. */
  issues: Issue[];
}

/** Broken lines after which a file that has no more good ones is taken for another kind of file. */
const MANY = 10_000;

/** Makes rows of the lines of a file, or of the elements of its array. */
export class RowReader {
  readonly #path: string;
  readonly #file: JsonlFile = { rows: [], issues: [] };
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #line = 0;
  /** Whether a line that is not blank was read. */
  #begun = false;

  constructor(path: string) {
    this.#path = path;
  }

  line(bytes: Uint8Array): void {
    this.#line++;
    if (bytes.length === 0) return;
    let text = '';
    try {
      text = this.#decoder.decode(bytes).trim();
      if (text !== '') this.#add(text);
    } catch (error) {
      if (!this.#begun) refuseOthers(this.#path, text);
      this.#issue((error as Error).message);
    }
    if (text !== '') this.#begun = true;
  }

  array(bytes: Uint8Array): void {
    try {
      for (const element of arrayElements(this.#decoder.decode(bytes))) {
        this.#line++;
        this.#element(element.trim());
      }
    } catch (error) {
      if (isError(error)) throw error;
      refuseArray(this.#path, (error as Error).message);
    }
  }

  #element(text: string): void {
    try {
      this.#add(text);
    } catch (error) {
      this.#issue((error as Error).message);
    }
  }

  done(): JsonlFile {
    return this.#file;
  }

  #add(text: string): void {
    const value = parseJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SyntaxError(`expected a JSON object, received ${text.slice(0, 40)}`);
    }
    this.#file.rows.push({
      line: this.#line,
      value: withExactColumns(value as Record<string, unknown>, text),
    });
  }

  #issue(reason: string): void {
    const { rows, issues } = this.#file;
    issues.push({ file: this.#path, line: this.#line, code: 'broken-line', reason });
    if (issues.length < MANY || issues.length < rows.length) return;
    const received = `${issues.length} other lines, as line ${this.#line} (${reason})`;
    throw new FileFormatError({ path: this.#path, expected: 'JSONL, a JSON object a line', received });
  }
}
