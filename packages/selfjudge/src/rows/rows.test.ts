import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toAnswerPair, type Row } from '@selfjudge/data';
import { afterAll, describe, expect, it } from 'vitest';
import { issuesOf, readRows } from './rows.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const toPair = (row: Row) => toAnswerPair(row);
const GOOD = '{"prompt": "p", "completions": ["a", "b"]}';

describe('readRows', () => {
  it('keeps the place of every row that is not blank, usable or not', async () => {
    const path = file('mixed.jsonl', `${GOOD}\n{broken\n\n${GOOD}\n{"prompt": "p"}\n`);
    const rows = await readRows(path, toPair);
    expect(rows.map(({ line, problem }) => [line, problem?.code])).toEqual([
      [1, undefined],
      [2, 'broken-line'],
      [4, undefined],
      [5, 'unknown-shape'],
    ]);
    expect(issuesOf(path, rows).map(({ line }) => line)).toEqual([2, 5]);
  });

  it('is an error where no row can be used, with the first reason', async () => {
    await expect(readRows(file('empty.jsonl', '\n'), toPair)).rejects.toThrow(/received an empty file/);
    await expect(readRows(file('bad.jsonl', '{"a": 1}\n[]\n'), toPair)).rejects.toThrow(
      /bad.jsonl:1: expected columns prompt and completions.*none of the 2 rows/,
    );
  });
});
