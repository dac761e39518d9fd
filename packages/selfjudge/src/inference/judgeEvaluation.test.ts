import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { judgeReport } from '../report/judgeReport.js';
import { judgeEvaluation, type JudgeEvaluationOptions } from './judgeEvaluation.js';
import { assertWriter, readTrustRows, type TrustRow } from './trustRows.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-trust-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = (name: string, rows: readonly object[]): string => {
  const path = join(dir, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
};
const read = (...paths: string[]) => readTrustRows(paths, { promptFormat: 'standard' });
/** Goes by length, and scores each answer by it. */
const byLength = ({ value }: TrustRow): Verdict => {
  const [scoreA, scoreB] = value?.completions.map(({ length }) => length) ?? [NaN, NaN];
  const winner = value === undefined ? null : scoreA === scoreB ? 'tie' : scoreA > scoreB ? 'a' : 'b';
  return { winner, scoreA, scoreB, probability: 1 / (1 + Math.exp(scoreB - scoreA)) };
};
const evaluated = async (paths: string[], more: Partial<JudgeEvaluationOptions> = {}) => {
  const rows = await read(...paths);
  const options = { judge: 'length', files: paths, ...more };
  return { rows, result: judgeEvaluation(rows, rows.map(byLength), options) };
};

const PEOPLE = file(
  'people.jsonl',
  Array.from({ length: 60 }, (_, i) => ({
    instruction: `What is ${i}?`,
    input: '',
    response1: `It is ${i * 7}, as everybody knows.`,
    response2: `No idea of ${i}.`,
    annotator1: 1,
    annotator2: i % 3 === 0 ? 2 : 1,
    annotator3: i % 2 === 0 ? 1 : 0,
    cmp_key: i % 2 === 0 ? 'me_other' : 'other_third',
  })),
);
const PAIRS = file(
  'pairs.jsonl',
  Array.from({ length: 12 }, (_, i) => ({
    prompt: `Say ${i}.`,
    chosen: `${i}`,
    rejected: `${i}, no, more.`,
  })),
);
const BATTLES = file('battles.jsonl', [
  {
    conversation_a: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello there' },
    ],
    conversation_b: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ],
    winner: 'model_a',
    model_a: 'me',
    model_b: 'other',
  },
]);

describe('labelled files of several shapes together', () => {
  it('have labels, people and writers', async () => {
    const { result } = await evaluated([PEOPLE, PAIRS, BATTLES], { by: 'cmp_key', ownModel: 'me' });
    // Three different verdicts of three people leave a row out.
    const people = 60 - 10;
    expect(result.trust).toMatchObject({
      pairs: people + 13,
      accuracy: { value: 51 / 63, n: 63 },
      alwaysFirst: { value: 1, n: people + 1 },
      self: { judge: { value: 1, n: 31 }, equal: { n: 0 } },
    });
    expect(result.trust.people!.judge.map(({ person, kappa }) => [person, kappa.n])).toEqual(
      [1, 2, 3].map((i) => [`annotator${i}`, people]),
    );
    expect(result.by!.values.map(({ value, pairs }) => [value, pairs])).toEqual([
      ['me_other', 30],
      ['other_third', 20],
      ['(none)', 13],
    ]);
    expect(result.verdicts).toHaveLength(63);
    expect(result).not.toHaveProperty('rewardBench');
  });

  it('make a page whose texts are no markup', async () => {
    const shown = file('shown.jsonl', [
      { prompt: '<script>alert(1)</script>', chosen: 'x', rejected: '<img src=x onerror=alert(1)>' },
    ]);
    const { rows, result } = await evaluated([PEOPLE, shown]);
    const page = judgeReport(result, rows);
    expect(page).not.toMatch(/<img|<script>alert/);
    for (const part of [
      'id="mistakes"',
      'id="calibration"',
      'annotator1, annotator2',
      'It names the better answer in',
    ])
      expect(page).toContain(part);
  });

  it('are refused where they say nothing, and so are names that nobody has', async () => {
    const bare = file('bare.jsonl', [{ prompt: 'Q?', completions: ['a', 'b'] }]);
    await expect(read(bare)).rejects.toThrow('no row says which answer is better');
    const rows = await read(PEOPLE);
    expect(() => assertWriter('mee', rows)).toThrow(/own_model: .*me, other, third.*did you mean 'me'/);
    expect(() => assertWriter('me', rows)).not.toThrow();
    const pairs = await read(PAIRS);
    expect(() => assertWriter('me', pairs)).toThrow('rows that say who wrote their answers');
    const odd = file('odd.jsonl', [
      { prompt: 'Q?', completions: ['a', 'b'], winner: 'A' },
      { prompt: 'Q?', completions: ['a', 'b'], winner: 'b' },
    ]);
    expect((await read(odd)).map(({ facts }) => facts)).toEqual([{ unknown: 'A' }, { label: 'b' }]);
  });

  it('leave out a row that prefers one of two equal answers', async () => {
    const path = file('equal.jsonl', [
      { prompt: 'Q?', chosen: 'a', rejected: 'a ' },
      { prompt: 'Q?', completions: ['a', 'a'], winner: 'tie' },
      { prompt: 'Q?', chosen: 'a', rejected: 'b' },
    ]);
    expect((await read(path)).map(({ problem }) => problem?.code)).toEqual([
      'equal-answers',
      undefined,
      undefined,
    ]);
  });

  it('people by name in a column of their own', async () => {
    const named = file('named.jsonl', [
      { prompt: 'Q?', completions: ['a', 'b'], winner: 'a', annotators: { ann: 'a', bob: 'tie', eve: '?' } },
      { prompt: 'R?', completions: ['a', 'b'], winner: 'a', annotators: ['b', 'a'] },
    ]);
    expect((await read(named)).map(({ facts }) => facts.people)).toEqual([
      { ann: 'a', bob: 'tie' },
      { annotator1: 'b', annotator2: 'a' },
    ]);
  });
});

describe('RewardBench', () => {
  const row = (subset: string, chosen: string, rejected: string) => ({
    prompt: 'Q?',
    chosen,
    rejected,
    chosen_model: 'x',
    rejected_model: 'y',
    subset,
  });

  it('1: told by its subsets; what a section lacks is named', async () => {
    const path = file('bench.jsonl', [
      row('hep-go', 'long', 'no'),
      row('hep-go', 'a', 'b'),
      row('mine', 'x', 'y'),
    ]);
    const { rewardBench } = (await evaluated([path])).result;
    expect(rewardBench).toMatchObject({
      sections: [{ name: 'Reasoning', score: { value: 0.5, n: 2 } }],
      others: 1,
    });
    expect(rewardBench!.sections[0].missing).toContain('math-prm');
    expect(rewardBench).not.toHaveProperty('score');
  });

  it('2: a pair of each right answer and each wrong one, and Ties of a judge that scores', async () => {
    const path = file('bench2.jsonl', [
      { id: '1', prompt: 'Q?', chosen: ['longest'], rejected: ['long', 'bad', 'off'], subset: 'Math' },
      { id: '2', prompt: 'Q?', chosen: ['four'], rejected: ['also', 'bad', 'off'], subset: 'Math' },
      { id: 'ref:1', prompt: 'A colour', chosen: ['yellow'], rejected: ['six', 'two'], subset: 'Ties' },
      { id: 'tied:1', prompt: 'A colour', chosen: ['purple', 'orange'], rejected: ['six'], subset: 'Ties' },
    ]);
    const { rows, result } = await evaluated([path]);
    expect(rows.map(({ facts }) => facts.bestOf?.id)).toEqual([
      '1',
      '1',
      '1',
      '2',
      '2',
      '2',
      'ref:1',
      'ref:1',
      'tied:1',
      'tied:1',
    ]);
    expect(rows[0]).toMatchObject({ line: 1, value: { prompt: [{ role: 'user', content: 'Q?' }] } });
    expect(result.rewardBench2!.subsets).toMatchObject([{ name: 'Math', accuracy: { value: 0.75, n: 2 } }]);
    // Both right, no spread between the right ones: all but the part of the margin.
    expect(result.rewardBench2!.ties!.score).toBeCloseTo(1, 12);
    const compared = rows.map((one): Verdict => ({ ...byLength(one), evidence: { kind: 'other' } }));
    const { ties } = judgeEvaluation(rows, compared, { judge: 'x', files: [] }).rewardBench2!;
    expect(ties).not.toHaveProperty('score');
    expect(ties).toMatchObject({ ref: { value: 1 }, tied: { value: 1 } });
  });

  it('2: rows in the columns of its files score as its package says (benchmarks/peers/trust_statistics.py)', async () => {
    const fixture = new URL('../../../../benchmarks/peers/fixtures/trust_statistics.json', import.meta.url);
    const { reward_bench_2: of } = JSON.parse(readFileSync(fixture, 'utf8')) as {
      reward_bench_2: {
        ties: { id: string; num_correct: number; scores: number[] }[];
        ties_score: number;
        best: { scores: number[]; result: number }[];
      };
    };
    const rowOf = (id: string, subset: string, scores: readonly number[], right: number) => {
      const answers = scores.map((score, i) => `answer ${i} of ${score}`);
      return {
        id,
        prompt: `Question ${id}`,
        chosen: answers.slice(0, right),
        rejected: answers.slice(right),
        num_correct: right,
        num_incorrect: answers.length - right,
        total_completions: answers.length,
        models: answers.map(() => 'm'),
        subset,
        additional_metadata: null,
      };
    };
    const path = file('own-columns.jsonl', [
      ...of.best.map(({ scores }, i) => rowOf(String(i), 'Focus', scores, 1)),
      ...of.ties.map(({ id, scores, num_correct: right }) => rowOf(id, 'Ties', scores, right)),
    ]);
    const rows = await read(path);
    const verdicts = rows.map(({ value }): Verdict => {
      const [scoreA, scoreB] = value!.completions.map((text) => Number(text.split(' ').at(-1)));
      const winner = scoreA === scoreB ? 'tie' : scoreA > scoreB ? 'a' : 'b';
      return { winner, scoreA, scoreB, probability: 1 / (1 + Math.exp(scoreB - scoreA)) };
    });
    const { rewardBench2 } = judgeEvaluation(rows, verdicts, { judge: 'x', files: [path] });
    expect(rewardBench2!.subsets).toMatchObject([{ name: 'Focus', accuracy: { n: of.best.length } }]);
    const points = of.best.reduce((sum, { result }) => sum + result, 0);
    expect(rewardBench2!.subsets[0].accuracy.value).toBeCloseTo(points / of.best.length, 12);
    expect(rewardBench2!.ties!.score).toBeCloseTo(of.ties_score, 12);
  });
});
