// Results that are committed row by row: docs/results/testbed/TABLE.json has a row for each cell and seed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Device } from '../packages/engine/dist/index.js';
import { WORLD_BASE } from '../packages/selfjudge/dist/world/base.js';
import { worldDefaults } from '../packages/selfjudge/dist/world/settings.js';

const FOLDER = fileURLToPath(new URL('../docs/results/testbed', import.meta.url));
const fileOf = (table) => join(FOLDER, `${table.name}.json`);

/** The base that everything is trained from. */
const base = () =>
  createHash('sha256')
    .update(readFileSync(join(WORLD_BASE, 'model.safetensors')))
    .digest('hex')
    .slice(0, 16);

/**
 * The rows of a table that are on file, all of one base.
 * @throws Error for rows of another base or world
 */
export const rowsOnFile = (table) => contentOf(table).rows;

function contentOf(table) {
  const file = fileOf(table);
  if (!existsSync(file)) return { rows: [] };
  const content = JSON.parse(readFileSync(file, 'utf8'));
  if (content.base !== base())
    throw new Error(`${file}: expected rows of the base ${base()}, received ${content.base}${advice(file)}`);
  const known = new Map(table.cells.map(({ name, options }) => [name, JSON.stringify(options)]));
  for (const { cell, seed, options } of content.rows)
    if (known.get(cell) !== JSON.stringify(options))
      throw new Error(
        `${file}: expected of ${cell}, seed ${seed}: ${known.get(cell)}, received ${JSON.stringify(options)}${advice(file)}`,
      );
  return content;
}

const advice = (file) => `; git rm ${file} to begin it anew`;

/** The kernel path of now. @throws Error where rows on file are of another: of two machines they are one table on one path */
function pathOf(table) {
  const { path } = Device.open('cpu');
  const { path: had = path } = contentOf(table);
  if (had !== path)
    throw new Error(
      `${fileOf(table)}: expected rows of the kernel path ${path}, received ${had}: SELFJUDGE_CPU=${had}`,
    );
  return path;
}

/**
 * The rows of a table, of every cell and seed; those that are on file are not made again. Each is written as it is done.
 * @param table.cells names, and what of the world's options each has of its own
 * @param table.of (options, hooks, cell) -> result of one cell and seed
 */
export async function makeRows(table, { root, seeds = table.seeds }) {
  const path = pathOf(table);
  const rows = rowsOnFile(table);
  const total = table.cells.length * seeds.length;
  let done = 0;
  for (const seed of seeds)
    for (const { name: cell, options } of table.cells) {
      done++;
      if (rows.some((row) => row.cell === cell && row.seed === seed)) continue;
      const said = `${table.name}, row ${done} of ${total}: ${cell}, seed ${seed}`;
      const say = (text) => process.stderr.write(`${said}: ${text}\n`);
      const started = performance.now();
      const onPhase = (phase, before) => say(`${phase}${before ? ' (done before)' : ''}`);
      const outputDir = join(root, folderOf(options), `seed-${seed}`);
      const world = { ...worldDefaults, ...options, seed, outputDir };
      const result = await table.of(world, { onPhase, onWarning: say }, cell);
      const seconds = Math.round((performance.now() - started) / 1000);
      say(`${seconds} s`);
      keep(table, path, { cell, seed, options, seconds, result });
    }
  // As a file holds them, whichever way they came.
  return rowsOnFile(table);
}

/** Beside what others wrote meanwhile. */
function keep(table, path, made) {
  const rows = [
    ...rowsOnFile(table).filter(({ cell, seed }) => cell !== made.cell || seed !== made.seed),
    made,
  ];
  const cells = table.cells.map(({ name }) => name);
  const order = (a, b) => cells.indexOf(a.cell) - cells.indexOf(b.cell) || a.seed - b.seed;
  const lines = rows.toSorted(order).map((row) => JSON.stringify(row, figures));
  mkdirSync(FOLDER, { recursive: true });
  const head = JSON.stringify({ path, base: base() }).slice(0, -1);
  writeFileSync(`${fileOf(table)}.new`, `${head},"rows":[\n${lines.join(',\n')}\n]}\n`);
  renameSync(`${fileOf(table)}.new`, fileOf(table));
}

/** Six digits are more than any table shows. */
const figures = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);

/** Tables share what was trained under the same options. */
const folderOf = (options) =>
  Object.entries(options)
    .map(([key, value]) => `${key}-${value}`)
    .join('_') || 'default';

/** Of each cell in turn: its seeds and their results. */
export const byCell = (table, rows) =>
  table.cells
    .map(({ name }) => {
      const own = rows.filter(({ cell }) => cell === name);
      return { cell: name, seeds: own.map(({ seed }) => seed), results: own.map(({ result }) => result) };
    })
    .filter(({ results }) => results.length > 0);
