import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verdictOf, voteOf, type TokenEvidence, type Verdict } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { readPolicyRows } from './answerFiles.js';
import { assertInstructions, readGamedTable } from './gamedTable.js';
import { compareEvaluations, policyResultAt } from './compareEvaluations.js';
import { alpacaAnnotations, fastChatJudgments, policyEvaluation } from './policyEvaluation.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-policy-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = (name: string, content: readonly object[] | string): string => {
  const path = join(dir, name);
  writeFileSync(
    path,
    typeof content === 'string' ? content : content.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
  return path;
};
const read = (...paths: string[]) => readPolicyRows(paths, { promptFormat: 'chat' });
const judged = (first: number, second: number): Verdict => {
  const orders: TokenEvidence['orders'] = [
    { rendered: '', pA: first, pB: 1 - first },
    { rendered: '', pA: 1 - second, pB: second },
  ];
  return verdictOf(orders, [voteOf('overall', ...orders)]);
};

const QUESTIONS = file('questions.jsonl', [
  { question_id: 81, category: 'writing', turns: ['Write.', 'Again.'] },
  { question_id: 82, category: 'maths', turns: ['Count.'] },
]);
const fastChat = (name: string, answers: Record<number, string[]>) =>
  file(
    `${name}.jsonl`,
    Object.entries(answers).map(([id, turns]) => ({
      question_id: Number(id),
      model_id: name,
      choices: [{ index: 0, turns }],
    })),
  );

describe('files of answers', () => {
  it('of three makers meet by their prompts', async () => {
    const own = file('own.jsonl', [
      { prompt: 'One?', completion: '1' },
      { prompt: [{ role: 'user', content: 'Two?' }], completion: '2' },
      { prompt: 'Three?', completion: '3' },
    ]);
    const alpaca = file(
      'alpaca.json',
      JSON.stringify([
        { instruction: 'Two?', output: 'two', generator: 'them' },
        { instruction: 'One?', output: 'one', generator: 'them' },
      ]),
    );
    const { rows, writers, others } = await read(own, alpaca);
    expect(rows.map(({ value }) => value!.completions)).toEqual([
      ['1', 'one'],
      ['2', 'two'],
    ]);
    expect([writers, others]).toEqual([[undefined, 'them'], { a: 1, b: 0 }]);
  });

  it('of FastChat have their questions beside them, and later turns are counted', async () => {
    const [a, b] = [
      fastChat('m1', { 81: ['x', 'y'], 82: ['z'] }),
      fastChat('m2', { 82: ['w'], 81: ['v', 'u'] }),
    ];
    const { rows, writers, laterTurns } = await read(a, b, QUESTIONS);
    expect(rows.map(({ questionId, value }) => [questionId, ...value!.completions])).toEqual([
      [81, 'x', 'v'],
      [82, 'z', 'w'],
    ]);
    expect([writers, laterTurns]).toEqual([['m1', 'm2'], 2]);
    await expect(read(a, b)).rejects.toThrow(/the question 81 in a file of questions \(--questions\)/);
  });

  it('count an empty answer as one, and a prompt that is there twice as two', async () => {
    const turns = (content: string) => [
      { role: 'user', content: 'Two?' },
      { role: 'assistant', content },
    ];
    const a = file('twice.jsonl', [
      { prompt: 'One?', completion: '' },
      { messages: turns('') },
      { prompt: 'One?', completion: 'again' },
    ]);
    const b = file('also.jsonl', [
      { prompt: 'One?', completion: 'x' },
      { prompt: 'One?', completion: 'y' },
      { messages: turns('z') },
    ]);
    expect((await read(a, b)).rows.map(({ value }) => value!.completions)).toEqual([
      ['', 'x'],
      ['', 'z'],
      ['again', 'y'],
    ]);
  });

  it('are refused where nothing can be said', async () => {
    const one = file('one.jsonl', [{ prompt: 'One?', completion: '1' }]);
    const other = file('other.jsonl', [{ prompt: 'Two?', completion: '2' }]);
    await expect(read(one, other)).rejects.toThrow('received none to any of its 1 prompts');
    const torn = file('torn.jsonl', '{"prompt": "One?", "completion": "1"}\n{"prompt": "Two?"}\n');
    await expect(read(torn, other)).rejects.toThrow(/torn.jsonl:2/);
  });
});

it('counts, and says the same in the words of AlpacaEval and FastChat', async () => {
  const a = fastChat('m1', { 81: ['long answer'], 82: ['z'] });
  const b = fastChat('m2', { 81: ['v'], 82: ['w, w, w'] });
  const known = await read(a, b, QUESTIONS);
  const verdicts = [judged(0.9, 0.7), judged(0.8, 0.1)];
  const result = policyEvaluation(known, verdicts, { judge: 'j', files: [a, b] });
  expect(result).toMatchObject({
    writers: ['m1', 'm2'],
    winRate: { wins: 1, losses: 1, ties: 0, errors: 0, rate: { value: 0.5, n: 2 } },
    verdicts: { positionConsistency: { value: 0.5 } },
    texts: { answers: { characters: 6 }, against: { characters: 4 } },
  });
  expect(result.alpacaEval.winRate).toBeCloseTo(100 * ((0.8 + 0.45) / 2), 9);
  expect(alpacaAnnotations(known, verdicts, result)[0]).toEqual({
    instruction: 'Write.',
    output_1: 'v',
    generator_1: 'm2',
    output_2: 'long answer',
    generator_2: 'm1',
    annotator: 'j',
    preference: expect.closeTo(1.8, 12) as number,
  });
  const game = { model_1: 'm1', model_2: 'm2', judge: ['j', 'pair'], turn: 1 };
  expect(fastChatJudgments(known, verdicts, result)).toEqual([
    { ...game, question_id: 81, g1_winner: 'model_1', g2_winner: 'model_1' },
    { ...game, question_id: 82, g1_winner: 'model_1', g2_winner: 'model_2' },
  ]);
  // Two of them are compared as two evaluations against one baseline are.
  const path = file('policy.json', JSON.stringify(result));
  expect(policyResultAt(dir)).toBe(path);
  expect(compareEvaluations([path, path])).toMatchObject({
    prompts: 2,
    length: { difference: { value: 0 } },
  });
});

describe("AlpacaEval's table of gamed baselines", () => {
  const HEAD = 'index,preference,std_delta_len,instruction_difficulty,not_gamed_baseline,model\n';

  it('gives a length-controlled rate of answers to all of its instructions', async () => {
    const table = file(
      'gamed.csv',
      `${HEAD}0,0.3,0.5,-1,False,short\n1,0.4,0.2,1,False,short\n1,0.6,-0.7,1,False,long\n`,
    );
    const gamed = await readGamedTable(table);
    expect(gamed.difficulty).toEqual([-1, 1]);
    expect(gamed.annotations).toHaveLength(3);
    const known = await read(
      file('g1.jsonl', [
        { instruction: 'One?', output: 'a longer one' },
        { instruction: 'Two?', output: '2' },
      ]),
      file('g2.jsonl', [
        { instruction: 'One?', output: '1' },
        { instruction: 'Two?', output: 'two' },
      ]),
    );
    assertInstructions(gamed, known);
    const verdicts = [judged(0.9, 0.7), judged(0.8, 0.1)];
    const { alpacaEval } = policyEvaluation(known, verdicts, { judge: 'j', files: ['a', 'b'], gamed });
    expect(alpacaEval.lengthControlled!.winRate).toBeGreaterThan(0);
    expect(alpacaEval.lengthControlled!.winRate).toBeLessThan(100);
    expect(() => assertInstructions(gamed, { ...known, rows: known.rows.slice(1) })).toThrow(
      'all 2 instructions in the order of the set: expected as many answers in both files, received 1',
    );
  });

  it('is refused where a number or an instruction is missing', async () => {
    const torn = file('torn.csv', `${HEAD}0,0.3,,-1,False,short\n`);
    await expect(readGamedTable(torn)).rejects.toThrow(/torn.csv.*expected a number in std_delta_len/);
    const hole = file('hole.csv', `${HEAD}1,0.3,0.1,-1,False,short\n`);
    await expect(readGamedTable(hole)).rejects.toThrow('received none of 0');
  });
});
