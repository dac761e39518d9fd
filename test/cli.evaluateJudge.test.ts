import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { readEvents } from './support/faults.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const text = (name: string) => readFileSync(join(cwd, name), 'utf8');
const evaluate = (model: string, ...flags: string[]) => [
  'evaluate',
  'judge',
  'people.jsonl',
  '-m',
  model,
  '--dtype',
  'float32',
  ...flags,
];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  await saveTinyModel(join(cwd, 'other'), { seed: 5 });
  writeRows(
    cwd,
    'people.jsonl',
    Array.from({ length: 60 }, (_, i) => ({
      instruction: `What is ${i}?`,
      input: '',
      response1: `It is ${i * 7}.`,
      response2: `No idea of ${i}.`,
      annotator1: 1,
      annotator2: i % 3 === 0 ? 2 : 1,
      annotator3: i % 2 === 0 ? 1 : 0,
    })),
  );
});
afterAll(remove);

it('a folder of figures, verdicts and a page; killed in the middle it goes on; another judge beside it', async () => {
  const log = { stopAt: { log: join(cwd, 'events.json') } };
  const whole = await run(evaluate('model', '-o', 'whole'), { cwd, ...log });
  expect(whole.stdout).toMatch(/^model as judge of 50 pairs in people.jsonl\n/);
  for (const line of [/^accuracy +0\.\d+ \[.*\] +50$/m, /^turns with the order/m, /^judge, annotator2 /m])
    expect(whole.stdout).toMatch(line);
  expect(whole.stderr).toMatch(/10 rows could not be used\n10 no-verdict: people.jsonl:4 /);
  expect(text('whole/report.html')).toContain('id="mistakes"');

  const write = readEvents(join(cwd, 'events.json')).filter(
    ({ name, paths }) => name === 'writeSync' && paths[0].endsWith('.partial'),
  )[1];
  const killed = await run(evaluate('model', '-o', 'killed'), { cwd, stopAt: { at: write.at, how: 'kill' } });
  expect(killed.signal).toBe('SIGKILL');
  expect(existsSync(join(cwd, 'killed/judge.json'))).toBe(false);
  const again = await run(evaluate('model', '-o', 'killed'), { cwd });
  expect(again.stderr).toMatch(/\d+ of 60 rows are there already/);
  expect([again.stdout, text('killed/judge.json')]).toEqual([whole.stdout, text('whole/judge.json')]);
  rmSync(join(cwd, 'killed'), { recursive: true });

  await run(evaluate('other', '-o', 'second'), { cwd });
  const { stdout } = await run(['compare', 'whole', 'second'], { cwd });
  expect(stdout).toMatch(
    /^A: model\nB: other\n[^]*^accuracy .* 50$[^]*p = [\d.e-]+ \(McNemar, exact\)[^]*50 pairs that both have$/m,
  );
}, 240_000);

it('flags of evaluate and of the verbs below it are apart', async () => {
  const refused = await run(evaluate('model', '--by', 'annotator'), { cwd });
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/by: expected a column of the rows: .*did you mean 'annotator1'/);
  expect((await run(['evaluate', 'judge', '--help'], { cwd })).stdout).toMatch(/--own_model/);
});

it('evaluate policy: two files of answers by a judge, kept also as files of others', async () => {
  const answers = (name: string, text: (i: number) => string) =>
    writeRows(
      cwd,
      name,
      Array.from({ length: 10 }, (_, i) => ({ prompt: `What is ${i}?`, completion: text(i) })),
    );
  answers('mine.jsonl', (i) => `It is ${i}.`);
  answers('theirs.jsonl', () => "I'm sorry, but I can't help.");
  const policy = ['evaluate', 'policy', 'mine.jsonl', '-m', 'model', '--dtype', 'float32'];
  const { stdout, stderr } = await run([...policy, '--baseline', 'theirs.jsonl', '-o', 'policy'], { cwd });
  expect(stderr).toMatch(/^written: policy$/m);
  for (const line of [
    /^win rate +\d\.\d+ \[.*\] +10$/m,
    /^\d+ wins, \d+ losses/m,
    /^refusals +0.000 +1.000$/m,
  ])
    expect(stdout).toMatch(line);
  const annotations = JSON.parse(text('policy/alpaca_eval.json')) as object[];
  expect(annotations).toHaveLength(10);
  expect(annotations[0]).toMatchObject({ generator_1: 'theirs.jsonl', generator_2: 'mine.jsonl' });
  expect((await run(policy, { cwd })).stderr).toMatch(/baseline: expected .*, received nothing/);
}, 120_000);

it('evaluate injection: ten verdicts a pair, counted where the judge is right when left alone', async () => {
  const args = evaluate('model', '--dataset_limit', '4', '-o', 'injection');
  args[1] = 'injection';
  const { stdout, code, stderr } = await run(args, { cwd });
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^model: right on \d of 4 pairs/);
  for (const line of [/^no attack/m, /^ {2}special tokens/m, /^ {2}padding/m]) expect(stdout).toMatch(line);
  expect(rowsOf(text('injection/verdicts.jsonl'))).toHaveLength(40);
  expect(rowsOf(text('injection/verdicts.jsonl'))[1]).toMatchObject({
    injected: 'control',
    given_winner: 'a',
  });
}, 120_000);
