import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { isError } from '@selfjudge/base';

import { readDataFile } from './dataFile.js';
import { loadPreferences, loadPrompts } from './load.js';
import { describeIssues } from './problem.js';
import { splitOf } from './split.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-data-'));

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

describe('JSONL', () => {
  it('counts broken lines and reads on', async () => {
    const path = file('broken.jsonl', '{"a":1}\n\n{"a":\r\n[1]\n"x"\n{"a":2}\r\n{"a":3}');
    const { rows, issues } = await readDataFile(path);
    expect(rows.map(({ line, value }) => [line, value.a])).toEqual([
      [1, 1],
      [6, 2],
      [7, 3],
    ]);
    expect(issues.map(({ line, code }) => [line, code])).toEqual([
      [3, 'broken-line'],
      [4, 'broken-line'],
      [5, 'broken-line'],
    ]);
    expect(describeIssues(issues)).toMatch(/^3 broken-line: .*broken\.jsonl:3/);
  });

  it('keeps U+2028 in a line, drops a BOM and names bytes that are no UTF-8', async () => {
    const lines = Buffer.concat([
      Buffer.from('\ufeff{"a":"x\u2028\u0085y"}\n'),
      Buffer.from([0x22, 0xff, 0x22]),
    ]);
    const { rows, issues } = await readDataFile(file('odd.jsonl', lines));
    expect(rows[0].value.a).toBe('x\u2028\u0085y');
    expect(issues).toHaveLength(1);
  });

  it('reads gzip by its content, also in several members, and names a file cut short', async () => {
    const member = (text: string) => gzipSync(Buffer.from(text));
    const big = JSON.stringify({ a: 'ü'.repeat(200_000) });
    const whole = Buffer.concat([member(`${big}\n{"a":`), member('2}\n')]);
    const { rows } = await readDataFile(file('gzipped', whole));
    expect(rows.map(({ value }) => value.a)).toEqual(['ü'.repeat(200_000), 2]);
    const failure = await readDataFile(file('cut.gz', whole.subarray(0, 40))).catch(
      (error: unknown) => error,
    );
    expect(isError(failure, 'SJ_FILE_FORMAT')).toBe(true);
  });

  it('refuses gzip that becomes far larger than it is, and other kinds of files', async () => {
    const bomb = readDataFile(file('bomb.gz', gzipSync(Buffer.alloc(50_000_000, '{}\n'))));
    await expect(bomb).rejects.toThrow(/at most 200 times as large/);
    const log = readDataFile(file('a.log', 'a line of a log\n'.repeat(30_000)));
    await expect(log).rejects.toThrow(/a JSON object a line, received 10000 other lines/);
  });

  it('reads NaN and Infinity, which Python writes, as nothing', async () => {
    const lines = [
      '{"a":NaN,"b":[Infinity,-Infinity,1],"c":"NaN \\" Infinity"}',
      '{"NaN":NaN}',
      '{"a":NaNa}',
      '{"a":"\\\\","b":NaN}',
    ];
    const { rows, issues } = await readDataFile(file('nan.jsonl', lines.join('\n')));
    expect(rows.map(({ value }) => value)).toEqual([
      { a: null, b: [null, null, 1], c: 'NaN " Infinity' },
      { NaN: null },
      { a: '\\', b: null },
    ]);
    expect(issues.map(({ line }) => line)).toEqual([3]);
  });

  it('reads one JSON array, whose elements count as lines', async () => {
    const odd = { a: 'x],[{"\\', b: [{ c: [1, [2]] }] };
    const all = [{ a: 1 }, odd, 3, { a: NaN }];
    const pretty = JSON.stringify(all, null, 2).replace('null', 'NaN');
    for (const text of [JSON.stringify(all), `\ufeff\n ${pretty}\n`, gzipSync(pretty)]) {
      const { rows, issues } = await readDataFile(file('array.json', text));
      expect(rows).toMatchObject([
        { line: 1, value: { a: 1 } },
        { line: 2, value: odd },
        { line: 4, value: { a: null } },
      ]);
      expect(issues).toMatchObject([{ line: 3, code: 'broken-line' }]);
    }
    expect((await readDataFile(file('empty.json', '[]'))).rows).toEqual([]);
    for (const text of ['[{"a":1}', '[{"a":1}]\n[{"a":2}]'])
      await expect(readDataFile(file('no.json', text))).rejects.toThrow(
        /what begins as a JSON array.*\n.*jq -c/,
      );
  });

  it.each([
    ['rows.arrow', 'ARROW1\0\0', /received Arrow\n.*load_dataset\('arrow'.*to_parquet/],
    ['rows.jsonl', 'version https://git-lfs.github.com/spec/v1\noid', /git-lfs pointer.*\n.*git lfs pull/],
    ['rows.json', '{\n  "data": [\n    {"a": 1}\n  ]\n}\n', /one JSON object over several lines\n.*jq/],
    ['rows.zip', 'PK\x03\x04', /a zip archive/],
    ['wide.jsonl', '\xff\xfe{\0', /UTF-16 text\n.*iconv/],
  ])('names another kind of file, and what to do: %s', async (name, text, message) => {
    const failure = await readDataFile(file(name, Buffer.from(text, 'latin1'))).catch(
      (error: unknown) => error,
    );
    expect(isError(failure, 'SJ_FILE_FORMAT') && failure.message).toMatch(message);
  });

  it('passes on that a file is missing', async () => {
    await expect(readDataFile(join(dir, 'none'))).rejects.toThrow(/ENOENT/);
  });
});

it.runIf(existsSync('/proc/self/maps'))('reads JSONL without loading the engine of Parquet', async () => {
  await readDataFile(file('plain.jsonl', '{"a":1}\n'));
  await readDataFile(file('plain.csv', 'a\n1\n'));
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toMatch(/duckdb/);
});

describe('load', () => {
  const rows = [
    '{"prompt":"q1","chosen":"yes","rejected":"no","id":"own"}',
    '{"chosen":"\\n\\nHuman: q\\n\\nAssistant: a","rejected":"\\n\\nHuman: p\\n\\nAssistant: b"}',
    'nonsense',
    '{"prompt":"q2","chosen":"same","rejected":"same"}',
    '{"prompt":"q3","chosen":"yes","rejected":"no"}',
  ];
  const path = file('mixed.jsonl', rows.join('\n'));

  it('gives rows with ids, and every row left out as an issue', async () => {
    const { rows: pairs, issues } = await loadPreferences(path);
    expect(pairs.map(({ id }) => id)).toEqual(['own', 'mixed.jsonl:5']);
    expect(issues.map(({ line, code }) => [line, code])).toEqual([
      [2, 'differing-prompts'],
      [3, 'broken-line'],
      [4, 'equal-answers'],
    ]);
    expect((await loadPreferences(path, { limit: 1 })).rows).toHaveLength(1);
  });

  it('refuses a file without a usable row', async () => {
    const failure = await loadPrompts(file('empty.jsonl', '\n{"text":"x"}\n')).catch(
      (error: unknown) => error,
    );
    expect(isError(failure, 'SJ_DATA') && failure.message).toMatch(
      /no usable row among 2 lines[^]*unknown-shape/,
    );
    await expect(loadPrompts(file('nothing.jsonl', ''))).rejects.toThrow(/no usable row/);
  });

  it('takes one split', async () => {
    const prompts = Array.from({ length: 200 }, (_, i) => JSON.stringify({ prompt: `question ${i}` }));
    const many = file('many.jsonl', prompts.join('\n'));
    const self = await loadPrompts(many, { split: 'self' });
    expect(self.rows.every(({ prompt }) => splitOf(prompt) === 'self')).toBe(true);
    expect(self.rows.length).toBeGreaterThan(20);
    expect(self.rows.length).toBeLessThan(60);
  });
});
