// Rows of one file that is committed: one for each cell and seed, written as it is done and never made again.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Device } from '../packages/engine/dist/index.js';

export class RowFile {
  /**
   * @param file where the rows lie
   * @param cells names, and what each has of its own: `{name, options}`
   * @param origin what all rows come of, by name: words
   */
  constructor(file, cells, origin) {
    this.file = file;
    this.cells = cells;
    this.origin = origin;
  }

  /**
   * The rows that are on file.
   * @throws Error for rows of another origin, or of a cell that is another now
   */
  get rows() {
    return this.#content().rows;
  }

  /** The kernel path of the rows on file; undefined where there are none. */
  get path() {
    return this.#content().path;
  }

  #content() {
    if (!existsSync(this.file)) return { rows: [] };
    const content = JSON.parse(readFileSync(this.file, 'utf8'));
    const advice = `; git rm ${this.file} to begin it anew`;
    for (const [name, value] of Object.entries(this.origin))
      if (content[name] !== value)
        throw new Error(
          `${this.file}: expected rows of the ${name} ${value}, received ${content[name]}${advice}`,
        );
    const known = new Map(this.cells.map(({ name, options }) => [name, JSON.stringify(options)]));
    for (const { cell, seed, options } of content.rows)
      if (known.get(cell) !== JSON.stringify(options))
        throw new Error(
          `${this.file}: expected of ${cell}, seed ${seed}: ${known.get(cell)}, received ${JSON.stringify(options)}${advice}`,
        );
    return content;
  }

  /** The kernel path of now. @throws Error where rows on file are of another: of two machines they are one table on one path */
  kernelPath() {
    const { path } = Device.open('cpu');
    const { path: had = path } = this.#content();
    if (had !== path)
      throw new Error(
        `${this.file}: expected rows of the kernel path ${path}, received ${had}: SELFJUDGE_CPU=${had}`,
      );
    return path;
  }

  has(cell, seed) {
    return this.rows.some((row) => row.cell === cell && row.seed === seed);
  }

  /** Writes a row beside what others wrote meanwhile. @param made `{cell, seed, options, seconds, result}` */
  keep(path, made) {
    const rows = [...this.rows.filter(({ cell, seed }) => cell !== made.cell || seed !== made.seed), made];
    const cells = this.cells.map(({ name }) => name);
    const order = (a, b) => cells.indexOf(a.cell) - cells.indexOf(b.cell) || a.seed - b.seed;
    const lines = rows.toSorted(order).map((row) => JSON.stringify(row, figures));
    mkdirSync(dirname(this.file), { recursive: true });
    const head = JSON.stringify({ path, ...this.origin }).slice(0, -1);
    writeFileSync(`${this.file}.new`, `${head},"rows":[\n${lines.join(',\n')}\n]}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}

/** Six digits are more than any table shows. */
const figures = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
