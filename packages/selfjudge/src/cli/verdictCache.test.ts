import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verdictOf, voteOf, type Verdict } from '@selfjudge/judging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VerdictCache } from './verdictCache.js';

let folder: string;
let warnings: string[];
const file = () => join(folder, 'cache', 'judge.jsonl');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'selfjudge-cache-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const keyOf = (i: number) => String(i).padStart(64, '0');
const open = (name = 'judge') => new VerdictCache(join(folder, 'cache'), name, (line) => warnings.push(line));

/** A verdict with digits that must come back. */
function verdictWith(i: number): Verdict {
  const orders = [0.1 + i / 7, 1 / 3].map((p) => ({ rendered: `é\n${'x'.repeat(i)}`, pA: p, pB: p / 3 }));
  return verdictOf([orders[0], orders[1]], [voteOf('overall', orders[0], orders[1])]);
}
const all = new Map([...Array(40).keys()].map((i) => [keyOf(i), verdictWith(i)]));

it('gives what was kept, to the bit, to the next process and to the same one', () => {
  const cache = open();
  cache.add(all);
  expect(cache.get(keyOf(3))).toEqual(verdictWith(3));
  cache.close();
  const again = open();
  for (const [key, verdict] of all) expect(again.get(key)).toEqual(verdict);
  expect(again.hits).toBe(40);
  expect(again.get(keyOf(40))).toBeUndefined();
  again.close();
  // Another judge has another file.
  expect(open('other').get(keyOf(3))).toBeUndefined();
  expect(warnings).toEqual([]);
});

it('leaves out an entry that was torn, with a warning, and keeps what comes behind it', () => {
  const cache = open();
  cache.add(all);
  cache.close();
  const whole = readFileSync(file());
  const last = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (const size of [last + 1, last + 70, last + 200, whole.length - 1]) {
    warnings = [];
    writeFileSync(file(), whole);
    truncateSync(file(), size);
    const torn = open();
    expect(torn.get(keyOf(39)), String(size)).toBeUndefined();
    expect(torn.get(keyOf(38))).toEqual(verdictWith(38));
    torn.add(new Map([[keyOf(39), verdictWith(39)]]));
    expect(torn.get(keyOf(39))).toEqual(verdictWith(39));
    torn.close();
    expect(warnings).toEqual([`1 torn entries of the cache are left out, the first in ${file()}:40`]);
    const next = open();
    expect(next.get(keyOf(39))).toEqual(verdictWith(39));
    next.close();
  }
});

it('leaves out an entry that was changed, wherever', () => {
  const cache = open();
  cache.add(all);
  cache.close();
  const text = readFileSync(file(), 'utf8');
  const changes: [number, (line: string) => string][] = [
    [0, (line) => line.replace('"winner":"b"', '"winner":"a"')],
    [1, (line) => line.replace('0.3333333333333333', '0.3333333333333334')],
    [2, (line) => line.replace('"evidence"', '"evidence')],
    [3, (line) => line.replace('"probability":', '"probability":-')],
  ];
  for (const [i, change] of changes) {
    warnings = [];
    const lines = text.split('\n');
    expect(change(lines[i])).not.toBe(lines[i]);
    lines[i] = change(lines[i]);
    writeFileSync(file(), lines.join('\n'));
    const damaged = open();
    expect(damaged.get(keyOf(i))).toBeUndefined();
    expect(damaged.get(keyOf(i + 1))).toEqual(verdictWith(i + 1));
    damaged.close();
    expect(warnings).toEqual([
      expect.stringMatching(/^an entry of the cache is damaged and left out: .* at byte \d+$/),
    ]);
  }
});

it('takes up what other processes append, and keeps nothing that JSON cannot hold', () => {
  const [one, other] = [open(), open()];
  other.add(new Map([[keyOf(1), verdictWith(1)]]));
  one.add(new Map([[keyOf(2), verdictWith(2)]]));
  expect(one.get(keyOf(1))).toEqual(verdictWith(1));
  const odd = { ...verdictWith(5), evidence: { kind: 'own', figure: NaN } } as Verdict;
  one.add(new Map([[keyOf(5), odd]]));
  expect(one.get(keyOf(5))).toBeUndefined();
  one.close();
  other.close();
  appendFileSync(file(), '\n\n');
  expect(open().get(keyOf(2))).toEqual(verdictWith(2));
  expect(warnings).toEqual([]);
});
