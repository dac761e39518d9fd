import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { recorded, type RecordedJudgment } from './recorded.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-recorded-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, rows: readonly object[]): string => {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
};
const row = (winner: 'a' | 'b' | 'tie', a = 'good', b = 'bad'): RecordedJudgment => ({
  prompt: 'Why?',
  completions: [a, b],
  winner,
});
const asked = { prompt: 'Why?', a: 'good', b: 'bad' };
const turned = { prompt: 'Why?', a: 'bad', b: 'good' };

describe('recorded', () => {
  it('finds a pair in either order in a file, by its prompt and both texts', async () => {
    const path = write('judged.jsonl', [
      row('a'),
      { ...row('b'), prompt: 'Else?' },
      { ...row('a'), winner: null },
    ]);
    const judge = await recorded(path);
    expect(judge.pairs).toBe(2);
    expect(judge.issues).toMatchObject([{ line: 3, code: 'unknown-shape' }]);
    const [first, second, other, missing] = await judge.compare([
      asked,
      turned,
      { ...asked, prompt: [{ role: 'user', content: 'Else?' }] },
      { ...asked, b: 'worse' },
    ]);
    expect(first).toEqual({
      winner: 'a',
      scoreA: 1,
      scoreB: 0,
      probability: 1,
      evidence: { kind: 'recorded', a: 1, b: 0, ties: 0 },
    });
    expect(second).toMatchObject({ winner: 'b', probability: 0, evidence: { a: 0, b: 1, ties: 0 } });
    expect(other.winner).toBe('b');
    expect(missing).toMatchObject({ winner: null, reason: 'not-recorded' });
    expect(missing).not.toHaveProperty('evidence');
    await expect(recorded(write('none.jsonl', [{ ...row('a'), winner: null }]))).rejects.toThrow(
      'no usable row',
    );
  });

  it('counts several judgments of one pair, in whatever order they showed it', async () => {
    const of = async (...rows: RecordedJudgment[]) => (await (await recorded(rows)).compare([asked]))[0];
    expect(await of(row('a'), row('a', 'bad', 'good'), row('a'))).toMatchObject({
      winner: 'a',
      probability: 2 / 3,
      evidence: { a: 2, b: 1, ties: 0 },
    });
    expect(await of(row('a'), row('b'), row('tie'))).toMatchObject({ winner: 'tie', probability: 0.5 });
    expect(await of(row('b'), row('tie'))).toMatchObject({ winner: 'b', scoreA: 0.25, scoreB: 0.75 });
  });
});
