// The file that results are committed in, row by row.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { RowFile } from '../testbed/rowFile.mjs';
import { temporaryFolder } from './support/cli.js';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const file = join(folder, 'deep', 'rows.json');
const cells = [
  { name: 'one', options: { rate: 1 } },
  { name: 'two', options: { rate: 2 } },
];
const made = (cell: number, seed: number, result = { x: 1 / 3 }) => ({
  cell: cells[cell].name,
  seed,
  options: cells[cell].options,
  seconds: 2,
  result,
});

it('keeps rows in the order of cells and seeds, each once, beside what others wrote', () => {
  const [mine, theirs] = [1, 2].map(() => new RowFile(file, cells, { base: 'b' }));
  expect([mine.rows, mine.path, mine.has('one', 1)]).toEqual([[], undefined, false]);
  mine.keep('avx2', made(1, 1));
  theirs.keep('avx2', made(0, 2));
  mine.keep('avx2', made(0, 1));
  mine.keep('avx2', made(1, 1, { x: 0.5 }));
  expect(theirs.rows.map(({ cell, seed }: { cell: string; seed: number }) => [cell, seed])).toEqual([
    ['one', 1],
    ['one', 2],
    ['two', 1],
  ]);
  expect(theirs.rows[2].result).toEqual({ x: 0.5 });
  expect([mine.has('one', 2), mine.has('two', 2), mine.path]).toEqual([true, false, 'avx2']);
  // A row a line, of figures that a page can show.
  expect(readFileSync(file, 'utf8').split('\n').slice(0, 2)).toEqual([
    '{"path":"avx2","base":"b","rows":[',
    '{"cell":"one","seed":1,"options":{"rate":1},"seconds":2,"result":{"x":0.333333}},',
  ]);
});

it('refuses rows of another origin, of a cell that is another now, and of another kernel path', () => {
  const opened = (of: typeof cells, base: string) => () => new RowFile(file, of, { base }).rows as unknown;
  expect(opened(cells, 'b')).not.toThrow();
  expect(opened(cells, 'c')).toThrow(/expected rows of the base c, received b; git rm .*rows.json/);
  expect(opened([cells[0], { name: 'two', options: { rate: 3 } }], 'b')).toThrow(
    /expected of two, seed 1: {"rate":3}, received {"rate":2}/,
  );
  const other = new RowFile(file, cells, { base: 'b' });
  other.keep('nothing', made(0, 1));
  expect(() => other.kernelPath()).toThrow(/of the kernel path \w+, received nothing: SELFJUDGE_CPU=nothing/);
});
