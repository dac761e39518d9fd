import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keptSums } from './keptSums.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-kept-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'deep', 'a.json');
const sums = [-1.1, -0.1 - 0.2, -1e-300, -5e4 / 3];

describe('keptSums', () => {
  const notes: string[] = [];
  const of = (key: string) => keptSums(path, key, (line) => notes.push(line));
  const noted = () => notes.splice(0).join('\n');

  it('gives what was kept, to the bit, and nothing where nothing was', () => {
    expect(of('a').read(4)).toBeUndefined();
    of('a').write(sums);
    expect(of('a').read(4)).toEqual(sums);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['a.json']);
    expect(noted()).toBe('');
  });

  it.each([
    ['another key', () => of('b').read(4), /of other weights or rows: the reference is asked again/],
    ['another count', () => of('a').read(2), /is damaged/],
  ])('%s: nothing, and a note', (_, read, why) => {
    expect(read()).toBeUndefined();
    expect(noted()).toMatch(why);
  });

  it.each([
    ['a changed number', (text: string) => text.replace('-1.1', '-1.2'), /is damaged/],
    ['half of it', (text: string) => text.slice(0, text.length / 2), /cannot be read/],
    ['another format', (text: string) => text.replace('"format":1', '"format":2'), /format 2, not 1/],
    ['nothing', () => 'null', /other weights/],
  ])('%s: nothing, and a note', (_, damage, why) => {
    of('a').write(sums);
    writeFileSync(path, damage(readFileSync(path, 'utf8')));
    expect(of('a').read(4)).toBeUndefined();
    expect(noted()).toMatch(why);
    of('a').write(sums);
    expect(of('a').read(4)).toEqual(sums);
  });

  it('what is not finite is not kept; a place that cannot be written is said', () => {
    rmSync(path);
    of('a').write([NaN]);
    expect(of('a').read(1)).toBeUndefined();
    writeFileSync(join(folder, 'file'), '');
    keptSums(join(folder, 'file', 'x.json'), 'a', (line) => notes.push(line)).write(sums);
    expect(noted()).toMatch(/are not kept/);
  });
});
