import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recorded } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { judgeAgreement } from './judgeAgreement.js';
import { winRate } from './winRate.js';

// People as judge: what they said before, from a file, measured as any judge is.
const folder = mkdtempSync(join(tmpdir(), 'selfjudge-people-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'people.jsonl');
const said = (prompt: string, completions: [string, string], winner: string) =>
  `${JSON.stringify({ prompt, completions, winner })}\n`;
writeFileSync(
  path,
  [
    said('1', ['long', 'no'], 'a'),
    said('2', ['wrong', 'ok'], 'a'),
    said('3', ['same', 'size'], 'a'),
    said('3', ['size', 'same'], 'a'),
    said('4', ['first', 'second'], 'tie'),
  ].join(''),
);
const judge = await recorded(path);
/** What only a token judge shows. */
const SHOWN = ['positionConsistency', 'firstRate', 'abMass'];

describe('judgments made by people', () => {
  it('agree with preferences as often as they do', async () => {
    const pairs = [
      { prompt: '1', chosen: 'long', rejected: 'no' },
      { prompt: '2', chosen: 'ok', rejected: 'wrong' },
      { prompt: '3', chosen: 'same', rejected: 'size' },
      { prompt: '5', chosen: 'nobody', rejected: 'said' },
    ];
    const { accuracy, ties, errors, behaviour, ...lengths } = await judgeAgreement(judge, pairs);
    expect(accuracy).toMatchObject({ value: 1.5 / 3, n: 3 });
    expect({ ties, errors }).toEqual({ ties: 1, errors: 1 });
    expect(lengths.longerChosen).toMatchObject({ value: 1, n: 1 });
    expect(lengths.shorterChosen).toMatchObject({ value: 0, n: 1 });
    expect(behaviour).toStrictEqual({ margin: 2 / 3, tieRate: 0.25, invalidRate: 0.25, longerRate: 1 });
    for (const name of SHOWN) expect(behaviour).not.toHaveProperty(name);
  });

  it('decide between two systems', async () => {
    const a = ['no', 'wrong', 'same', 'second', 'x'];
    const b = ['long', 'ok', 'size', 'first', 'y'];
    const result = await winRate(judge, ['1', '2', '3', '4', '5'], a, b);
    expect(result).toMatchObject({ wins: 1, losses: 1, ties: 2, errors: 1 });
    expect(result.rate).toMatchObject({ value: 0.5, n: 4 });
    for (const name of SHOWN) expect(result.behaviour).not.toHaveProperty(name);
  });
});
