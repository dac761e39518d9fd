import { FileFormatError } from '@selfjudge/base';

import { columnJson } from './csvCells.js';
import type { RowReader } from './rowReader.js';

const QUOTE = 0x22;
/** As long as a row may be: a quote that is never closed takes all that follows. */
const LONGEST = 1 << 26;

/** What a column of rows is called. */
const COLUMNS = /^\W*(id|prompt|chosen|rejected|completion|completions|messages|question|text|a|b)\W*$/;

interface Cell {
  text: string;
  quoted: boolean;
}

/**
 * What separates the cells of a file whose first line is a header: comma, tab or semicolon. A file is taken for a table by its
 * name, or by a column that rows have.
 * @param head the first bytes of the file, unpacked
 */
export function separatorOf(path: string, head: Buffer): string | undefined {
  const [first] = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
    .split('\n', 1);
  if (first === '' || /^[{[]/.test(first)) return undefined;
  if (/\.tsv(\.\w+)?$/i.test(path)) return '\t';
  const [separator] = [',', '\t', ';'].toSorted((a, b) => first.split(b).length - first.split(a).length);
  if (/\.csv(\.\w+)?$/i.test(path)) return separator;
  const names = first.split(separator);
  const isHeader = names.length > 1 && !/[{[]/.test(first) && names.some((name) => COLUMNS.test(name));
  return isHeader ? separator : undefined;
}

/**
 * Makes rows of the lines of a CSV file (RFC 4180): cells may be quoted, hold the separator and line breaks, and a quote as two.
 * A row stands where its first line does. Cells are text, but for those of columns that hold something else (`columnJson`); an
 * empty cell is null, two quotes are empty text. One column without a name, as pandas writes its index, is not read.
 */
export class CsvReader {
  // A byte order mark is one at the head of the file alone.
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #names: string[] | undefined;
  #line = 0;
  /** Lines of a row whose quotes are still open. */
  #open: Uint8Array[] = [];
  #start = 0;
  #size = 0;

  constructor(
    private readonly path: string,
    private readonly separator: string,
    private readonly rows: RowReader,
  ) {}

  /** @throws FileFormatError for a header that names a column twice, or a row that is too long */
  line(bytes: Uint8Array): void {
    this.#line++;
    if (this.#open.length === 0) this.#start = this.#line;
    const isOdd = quotesIn(bytes) % 2 === 1;
    if (this.#open.length === 0 && !isOdd) return this.#row(bytes);
    this.#open.push(bytes);
    this.#size += bytes.length + 1;
    if (this.#size > LONGEST) this.#unclosed(`a row of over ${LONGEST} bytes`);
    if (!isOdd || this.#open.length === 1) return;
    const whole = Buffer.concat(this.#open.flatMap((part, i) => (i === 0 ? [part] : [LINE_BREAK, part])));
    this.#open = [];
    this.#size = 0;
    this.#row(whole);
  }

  /** @throws FileFormatError when the file ends within a quoted cell */
  end(): void {
    if (this.#open.length > 0) this.#unclosed('the end of the file');
  }

  #unclosed(received: string): never {
    throw new FileFormatError({
      path: this.path,
      line: this.#start,
      expected: 'a quote that ends the quoted cell which begins here',
      received,
    });
  }

  #row(bytes: Uint8Array): void {
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch (error) {
      if (this.#names === undefined) this.#header([]);
      return this.rows.broken(this.#start, (error as Error).message);
    }
    if (this.#names === undefined) text = text.replace(/^\ufeff/, '');
    if (text.endsWith('\r')) text = text.slice(0, -1);
    if (text.trim() === '') return;
    const cells = cellsOf(text, this.separator);
    if (this.#names === undefined) return this.#header(cells ?? []);
    const names = this.#names;
    if (cells === undefined)
      return this.rows.broken(
        this.#start,
        'a quote stands within a cell that is not quoted, or is not doubled',
      );
    if (cells.length !== names.length)
      return this.rows.broken(
        this.#start,
        `expected ${names.length} cells, as the header has, received ${cells.length}`,
      );
    const columns = names.flatMap((name, i) =>
      name === '' ? [] : [`${JSON.stringify(name)}:${columnJson(name, cells[i].text, cells[i].quoted)}`],
    );
    this.rows.text(this.#start, `{${columns.join(',')}}`);
  }

  #header(cells: Cell[]): void {
    const names = cells.map(({ text }) => text.trim());
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (names.length === 0 || twice !== undefined)
      throw new FileFormatError({
        path: this.path,
        line: this.#start,
        expected: 'a header with a name of its own for each column',
        received: twice === undefined ? 'a line that is none' : `the name '${twice}' twice`,
      });
    this.#names = names;
  }
}

const LINE_BREAK = Buffer.from('\n');

function quotesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(QUOTE); at !== -1; at = bytes.indexOf(QUOTE, at + 1)) count++;
  return count;
}

/** The cells of a row; undefined where a quote is out of place. */
function cellsOf(text: string, separator: string): Cell[] | undefined {
  const cells: Cell[] = [];
  for (let at = 0; ; at++) {
    const quoted = text[at] === '"';
    let end: number;
    if (quoted) {
      end = text.indexOf('"', at + 1);
      while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end === -1) return undefined;
      cells.push({ text: text.slice(at + 1, end).replaceAll('""', '"'), quoted });
      end++;
    } else {
      const next = text.indexOf(separator, at);
      end = next === -1 ? text.length : next;
      const cell = text.slice(at, end);
      if (cell.includes('"')) return undefined;
      cells.push({ text: cell, quoted });
    }
    if (end === text.length) return cells;
    if (text[end] !== separator) return undefined;
    at = end;
  }
}
