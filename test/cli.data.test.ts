import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'pairs.jsonl', [
    { prompt: 'one', chosen: 'yes \u001b[31m', rejected: 'no', source: 'x' },
    { prompt: 'one', chosen: 'no', rejected: 'yes \u001b[31m', source: 'y' },
    { prompt: 'Yö', chosen: 'aaaa', rejected: 'b'.repeat(300), source: 'x' },
    { prompt: 'none' },
    { prompt: 'p', chosen: 'x', rejected: ' ' },
  ]);
  writeFileSync(join(cwd, 'good.csv'), 'prompt,chosen,rejected\nq,a,b\n');
});
afterAll(remove);
const data = (...args: string[]) => run(['data', ...args], { cwd });

it('inspect says what rows are, in lines that fit and hold no controls', async () => {
  const { code, stdout } = await data('inspect', 'pairs.jsonl');
  expect(code).toBe(0);
  expect(stdout).toContain('5 rows: 3 preferences, 1 prompts; 1 left out, 1 in conflict');
  expect(stdout).toMatch(/prompt +5\nchosen +4\nrejected +4\nsource +3/);
  expect(stdout).toContain('pairs.jsonl:3 (preferences)');
  expect(stdout).not.toContain('\u001b');
  expect(stdout.split('\n').every((line) => line.length <= 100)).toBe(true);
});

it('stats counts in characters, or in tokens of a model', async () => {
  const { stdout } = await data('stats', 'pairs.jsonl', '--where', "source = 'x'");
  expect(stdout).toMatch(/^characters +texts +mean +median +95% +most\n/m);
  expect(stdout).toMatch(/^prompt +2 +2\.5 +3 +3 +3$/m);
  expect(stdout).toContain('the better answer is the longer one in 1 of 2 pairs, as long in 0');
  const tokens = await data('stats', 'pairs.jsonl', '-m', 'model', '--json', '--where', "prompt = 'Yö'");
  expect(JSON.parse(tokens.stdout)).toMatchObject({ unit: 'tokens', lengths: { rejected: { max: 300 } } });
});

it('validate names what is of no use, and fails', async () => {
  const { code, stdout } = await data('validate', 'pairs.jsonl', 'good.csv');
  expect(code).toBe(1);
  expect(stdout).toContain('pairs.jsonl:5 empty-answer: rejected is empty');
  expect(stdout).toContain('pairs.jsonl:2 conflict: says the contrary of pairs.jsonl:1');
  const row = { input: 'q', output_1: 'a', output_2: 'b', label: 2 };
  const shaped = await data('validate', writeRows(cwd, 'llmbar.jsonl', [row]));
  expect(shaped.stdout).toBe('1 rows (llmbar): 1 judgments; 0 left out, 0 in conflict\n');
  const good = await data('validate', 'good.csv');
  expect(good).toMatchObject({ code: 0, stdout: '1 rows: 1 preferences; 0 left out, 0 in conflict\n' });
});

it.each([
  [
    ['stats', 'good.csv', '--where', 'nothing > 1'],
    /where: expected a condition in SQL on the columns prompt, chosen, rejected/,
  ],
  [
    ['stats', 'good.csv', '--where', "prompt IN (SELECT content FROM read_text('good.csv'))"],
    /Permission Error/,
  ],
  [['stats', 'good.csv', '--sample', '0'], /sample: expected a whole number of at least 1, received 0/],
  [['stats', 'good.csv', '--prompt_format', 'x'], /prompt_format: expected auto, standard or chat/],
])('refuses a wrong flag: %s', async (args, message) => {
  const { code, stderr } = await data(...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
