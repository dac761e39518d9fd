import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RowsOrigin } from '../models/judgeOrigin.js';
import { KeptRows } from './keptRows.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'selfjudge-rows-'));
  path = join(folder, 'out.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const ORIGIN: RowsOrigin = {
  config: { verb: 'judge', dtype: 'bf16' },
  contents: { data: '1', weights: '2', judge_template: '3' },
  kernel_path: 'avx2',
};
const text = () => readFileSync(path, 'utf8');

/** One process's work: rows from the first that is missing, to the end or until it is stopped. */
async function work(total: number, { until = total, origin = ORIGIN } = {}): Promise<number> {
  const output = KeptRows.open(path);
  try {
    await output.begin(origin, total);
    const before = output.rows.length;
    for (let i = before; i < until; i++) output.append([{ i, none: NaN }]);
    if (until === total) await output.finish();
    return before;
  } finally {
    output.close();
  }
}

it('goes on after what is there and ends with the file that work without a stop gives', async () => {
  await work(5);
  const whole = text();
  expect(whole.split('\n')).toHaveLength(6);
  rmSync(path);
  expect(await work(5, { until: 2 })).toBe(0);
  expect(existsSync(path)).toBe(false);
  expect(await work(5, { until: 4 })).toBe(2);
  expect(await work(5)).toBe(4);
  expect(text()).toBe(whole);
  expect(readdirSync(folder).sort()).toEqual(['out.jsonl', 'out.jsonl.config.json']);
  // All are there.
  expect(await work(5)).toBe(5);
  expect(text()).toBe(whole);
});

it('drops a line without an end, whatever it says', async () => {
  for (const torn of ['{"i": 2, "no', '{"i":2,"none":null}', '\0\0\0\0']) {
    await work(4, { until: 2 });
    appendFileSync(`${path}.partial`, torn);
    expect(await work(4)).toBe(2);
    expect(
      text()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).i),
    ).toEqual([0, 1, 2, 3]);
    rmSync(path);
  }
});

it('names what is damaged, and what to do', async () => {
  await work(4, { until: 2 });
  writeFileSync(`${path}.partial`, '{"i":0}\nnot a row\n{"i":2}\n');
  await expect(work(4)).rejects.toThrow(
    /out.jsonl.partial:2: expected a row, received .*\nit is damaged; after rm .*partial/,
  );
  writeFileSync(`${path}.partial`, '{"i":0}\n'.repeat(5));
  await expect(work(4)).rejects.toThrow(/partial: expected at most the 4 rows that there are, received 5/);
  rmSync(`${path}.config.json`);
  await expect(work(4)).rejects.toThrow(
    /out.jsonl.config.json: expected beside .*partial, saying what its rows are of/,
  );
  writeFileSync(`${path}.config.json`, '{"config": {}}');
  await expect(work(4)).rejects.toThrow(/config.json: expected config, contents and kernel_path/);
  rmSync(`${path}.config.json`);
  rmSync(`${path}.partial`);
  await work(2);
  writeFileSync(path, '{"i":0}\n{"i":5}\n');
  await expect(work(2)).rejects.toThrow(
    /out.jsonl: expected the rows that were written into it, received others/,
  );
});

describe('rows of something else', () => {
  const others: [string, RowsOrigin, RegExp][] = [
    [
      'a value',
      { ...ORIGIN, config: { verb: 'judge', dtype: 'float32' } },
      /dtype: expected "bf16", as the rows in .*out.jsonl began with \(or another --out, or rm .*\), received float32/,
    ],
    [
      'several contents',
      { ...ORIGIN, contents: { ...ORIGIN.contents, weights: '7', data: '8' } },
      /file: expected the rows that .* began with, fingerprint 1, received others, 8[^]*model_name_or_path: expected the weights that/,
    ],
    [
      'a template where there was none',
      { ...ORIGIN, contents: { data: '1', weights: '2' } },
      /judge_template: expected the judge template that .*fingerprint 3, received others, none/,
    ],
  ];
  it.each(others)('%s', async (_, origin, message) => {
    await work(3, { until: 1 });
    await expect(work(3, { origin })).rejects.toThrow(message);
    await work(3);
    const whole = text();
    // A finished one is no place for others either.
    await expect(work(3, { origin })).rejects.toThrow(message);
    expect(text()).toBe(whole);
    rmSync(path);
    expect(await work(3, { origin })).toBe(0);
  });

  it('another kernel path is none: rows agree to rounding, and whoever goes on can say so', async () => {
    await work(3, { until: 1 });
    expect(await work(3, { origin: { ...ORIGIN, kernel_path: 'cuda' } })).toBe(1);
  });
});

it('is for one process at a time, and work that came to nothing leaves nothing', async () => {
  const one = KeptRows.open(path);
  expect(() => KeptRows.open(path)).toThrow(
    /--out: expected a file that no other process writes .*held by process \d+/,
  );
  await one.begin(ORIGIN, 2);
  one.close();
  expect(readdirSync(folder)).toEqual([]);
  expect(() => KeptRows.open(join(folder, 'no', 'out.jsonl'))).toThrow(
    /expected a file that can be written.*ENOENT/,
  );
});

it('a process that ended before the finished rows had their name', async () => {
  await work(3);
  const whole = text();
  spawnSync('mv', [path, `${path}.partial`]);
  expect(await work(3)).toBe(3);
  expect(text()).toBe(whole);
});

it('an output that was there before is replaced by the last row, not by the first', async () => {
  writeFileSync(path, 'of another program\n');
  await work(3, { until: 1 });
  expect(text()).toBe('of another program\n');
  await work(3);
  expect(text()).toContain('"i":2');
});

it('takes rows back, of an earlier process too, and goes on behind those that are left', async () => {
  await work(5);
  const whole = text();
  rmSync(path);
  rmSync(`${path}.config.json`);
  await work(5, { until: 3 });
  const output = KeptRows.open(path);
  await output.begin(ORIGIN, 5);
  output.append([{ i: 'ü' }]);
  output.takeBack(3);
  expect(output.rows).toEqual([{ i: 0, none: null }]);
  output.append([{ i: 1, none: NaN }]);
  output.takeBack(2);
  for (let i = 0; i < 5; i++) output.append([{ i, none: NaN }]);
  await output.finish();
  output.close();
  expect(text()).toBe(whole);
});
