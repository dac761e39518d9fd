import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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

it('prepare makes files of rows of several shapes, as a configuration says, and the same again changes nothing', async () => {
  writeRows(cwd, 'leaks.jsonl', [{ prompt: 'who are you' }]);
  writeRows(cwd, 'judged.jsonl', [
    { input: 'q', output_1: 'a', output_2: 'b', label: 1 },
    { input: 'who are YOU?', output_1: 'a', output_2: 'b', label: 1 },
  ]);
  writeFileSync(
    join(cwd, 'prepare.yaml'),
    'dataset_name: [pairs.jsonl, judged.jsonl]\nagainst: leaks.jsonl\nsplit: { train: 0.5, test: 0.5 }\noutput_dir: wrong\n',
  );
  const command = ['prepare', '--config', 'prepare.yaml', '-o', 'made', '--conflicts', 'first'];
  const { code, stdout, stderr } = await data(...command);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/prepare +100%/) });
  expect(stdout.split('\n').slice(0, 4)).toEqual([
    '7 rows read, 4 kept (2 preferences, 1 prompts, 1 judgments); left out:',
    '  1 conflict: contradict another row',
    '  1 empty-answer',
    '  1 contaminated: share words with a row of against',
  ]);
  expect(stdout).toMatch(/made\/train\.jsonl +\d\nmade\/test\.jsonl +\d\n/);
  const again = await data(...command, '--json');
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('made is there already') });
  expect(JSON.parse(again.stdout)).toMatchObject({ read: 7, inputs: [{ path: 'pairs.jsonl' }, {}] });
  const other = await data(...command, '--near', '0.9');
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('received made, which was prepared with other options');
});

it('split and decontaminate take one step each', async () => {
  const rows = (name: string) => readFileSync(join(cwd, name), 'utf8').split('\n').length - 1;
  expect((await data('split', 'pairs.jsonl', '-o', 'parts', '--split', '{train: 1}')).code).toBe(0);
  expect(rows('parts/train.jsonl')).toBe(4);
  const leaks = ['--against', 'good.csv', '--ngram', '3'];
  expect((await data('decontaminate', 'pairs.jsonl', '-o', 'clean', ...leaks)).code).toBe(0);
  expect(rows('clean/rows.jsonl')).toBe(4);
});

it('refuses to begin, and leaves nothing', async () => {
  const { code, stderr } = await data('decontaminate', 'good.csv', '-o', 'x');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('against: expected files of rows'),
  });
  expect(existsSync(join(cwd, 'x'))).toBe(false);
});

it('a run keeps how its files were prepared, and says when one was changed', async () => {
  expect((await data('dedup', 'good.csv', '-o', 'from')).code).toBe(0);
  const train = (out: string, ...more: string[]) =>
    run(
      [
        'dpo',
        '-m',
        'model',
        '--dataset_name',
        'from/rows.jsonl',
        '--output_dir',
        out,
        '--max_steps',
        '1',
        ...more,
      ],
      {
        cwd,
      },
    );
  expect((await train('run')).code).toBe(0);
  const record = JSON.parse(readFileSync(join(cwd, 'run/data.json'), 'utf8')) as unknown;
  const lineage = JSON.parse(readFileSync(join(cwd, 'from/lineage.json'), 'utf8')) as unknown;
  expect(record).toMatchObject({ dataset_name: [{ path: 'from/rows.jsonl', changed: false, lineage }] });
  writeFileSync(join(cwd, 'from/rows.jsonl'), '{"prompt": "q", "chosen": "a", "rejected": "c"}\n');
  const { stderr } = await train('other', '--dry_run');
  expect(stderr).toContain('from/rows.jsonl is not the file that from/lineage.json speaks of');
});

it('jsft takes the pairs of each principle, and the best answers under their own system prompts', async () => {
  const answer = (response: string, ratings: readonly string[]) => ({
    response,
    custom_system_prompt: 'Be kind.',
    annotations: Object.fromEntries(
      ['helpfulness', 'honesty'].map((name, i) => [name, { Rating: ratings[i], Rationale: 'So.' }]),
    ),
  });
  const completions = [answer('yes', ['5', '2']), answer('no', ['1', '4'])];
  writeRows(cwd, 'uf.jsonl', [{ instruction: 'q', completions }]);
  const jsft = (...more: string[]) =>
    run(
      [
        'jsft',
        '-m',
        'model',
        '--dataset_name',
        'uf.jsonl',
        '--dataset_shape',
        'ultrafeedback-principles',
        '--dry_run',
      ].concat(
        '--output_dir',
        'principles',
        '--judge_template',
        'principles',
        '--max_length',
        '4096',
        ...more,
      ),
      { cwd },
    );
  const alone = await jsft();
  expect(alone.stderr).toContain('those that won by one principle each');
  const demonstrations = [
    '--sft_dataset_name',
    'uf.jsonl',
    '--sft_dataset_shape',
    'ultrafeedback-demonstrations',
  ];
  const both = await jsft(...demonstrations);
  expect(both.code).toBe(0);
  expect(both.stderr).not.toContain('won by one principle');
});
