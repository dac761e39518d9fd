// Results that are committed row by row: docs/results/testbed/TABLE.json has a row for each cell and seed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WORLD_BASE } from '../packages/selfjudge/dist/world/base.js';
import { worldDefaults } from '../packages/selfjudge/dist/world/settings.js';
import { RowFile } from './rowFile.mjs';

const FOLDER = fileURLToPath(new URL('../docs/results/testbed', import.meta.url));

/** The base that everything is trained from. */
const base = () =>
  createHash('sha256')
    .update(readFileSync(join(WORLD_BASE, 'model.safetensors')))
    .digest('hex')
    .slice(0, 16);

const onFile = (table) => new RowFile(join(FOLDER, `${table.name}.json`), table.cells, { base: base() });

/**
 * The rows of a table that are on file, all of one base.
 * @throws Error for rows of another base or world
 */
export const rowsOnFile = (table) => onFile(table).rows;

/**
 * The rows of a table, of every cell and seed; those that are on file are not made again. Each is written as it is done.
 * @param table.cells names, and what of the world's options each has of its own
 * @param table.of (options, hooks, cell) -> result of one cell and seed
 */
export async function makeRows(table, { root, seeds = table.seeds }) {
  const kept = onFile(table);
  const path = kept.kernelPath();
  const total = table.cells.length * seeds.length;
  let done = 0;
  for (const seed of seeds)
    for (const { name: cell, options } of table.cells) {
      done++;
      if (kept.has(cell, seed)) continue;
      const said = `${table.name}, row ${done} of ${total}: ${cell}, seed ${seed}`;
      const say = (text) => process.stderr.write(`${said}: ${text}\n`);
      const started = performance.now();
      const onPhase = (phase, before) => say(`${phase}${before ? ' (done before)' : ''}`);
      const outputDir = join(root, folderOf(options), `seed-${seed}`);
      const world = { ...worldDefaults, ...options, seed, outputDir };
      const result = await table.of(world, { onPhase, onWarning: say }, cell);
      const seconds = Math.round((performance.now() - started) / 1000);
      say(`${seconds} s`);
      kept.keep(path, { cell, seed, options, seconds, result });
    }
  // As a file holds them, whichever way they came.
  return kept.rows;
}

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
