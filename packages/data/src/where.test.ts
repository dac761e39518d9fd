import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isError } from '@selfjudge/base';
import { afterAll, expect, it } from 'vitest';

import { linesWhere } from './where.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-where-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rows = [
  { prompt: 'one', margin: 1.5, messages: [{ role: 'user', content: 'long enough' }], odd: 'x' },
  { prompt: 'two', margin: null, messages: [], odd: 2 },
  { prompt: "o'three", margin: 0.5, odd: { a: 1 }, line_of_file: 9 },
];
const path = join(folder, 'rows.jsonl');
writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n\n'));

const linesOf = async (condition: string) => [...(await linesWhere(path, condition))];

it.each([
  ["prompt LIKE 'o%'", [1, 5]],
  ['margin > 1', [1]],
  ['margin IS NULL', [3]],
  ['length(messages[1].content) > 3 -- a remark', [1]],
  ["odd->>'a' = '1'", [5]],
  ["prompt = 'o''three' OR false", [5]],
  ['false', []],
])('asks the columns: %s', async (condition, lines) => {
  expect(await linesOf(condition)).toEqual(lines);
});

it.each([
  [
    'nothing = 1',
    /^where: expected a condition in SQL on the columns prompt, margin, messages, odd, line_of_file, received nothing = 1: /,
  ],
  ['', /expected a condition/],
  ['true); DROP TABLE of_file; SELECT (1', /several statements/],
  [`prompt IN (SELECT content FROM read_text('/etc/hostname'))`, /Permission Error/],
  [`prompt IN (SELECT * FROM read_csv('https://example.com/a.csv'))`, /Permission Error/],
  [`prompt IN (SELECT prompt FROM read_parquet('${path}'))`, /Permission Error/],
  ['true) UNION SELECT 1 FROM (SELECT 1', /Parser Error/],
  ['true LIMIT 1', /Parser Error/],
])('refuses what is no condition, or would reach files: %s', async (condition, message) => {
  const failure: unknown = await linesOf(condition).catch((error: unknown) => error);
  expect(isError(failure, 'SJ_CONFIG') && failure.message).toMatch(message);
});

it('needs a file', async () => {
  await expect(linesWhere('-', 'true')).rejects.toThrow(/where: expected a file, which is read twice/);
});

it('writes nothing', async () => {
  const out = join(folder, 'out.csv');
  await expect(linesOf(`true); COPY of_file TO '${out}'; SELECT (1`)).rejects.toThrow(/several statements/);
  expect(existsSync(out)).toBe(false);
});
