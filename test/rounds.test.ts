// The example in rounds, on a tiny model: who begins, who judges, and what is said of the judge after each round.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const script = fileURLToPath(new URL('../examples/hh-smollm2/rounds.mjs', import.meta.url));
const { path: cwd, remove } = temporaryFolder();
const words = (text: string) => text.split(' ');
const float32 = words('--dtype float32');

/** @returns what was printed; all that was said where it failed */
async function inRounds(output: string, ...more: string[]) {
  const args = words(`--start jsft --data pairs.jsonl --rounds 2 --output ${output} --config self.yaml`);
  const all = [script, ...args, '--jsft-config', 'jsft.yaml', ...more, '--', ...float32];
  const ended = promisify(execFile)(process.execPath, all, { cwd });
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}
const read = (path: string) => readFileSync(join(cwd, path), 'utf8');

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const rows = (from: number) =>
    Array.from({ length: 80 }, (_, i) => ({ prompt: `Say ${from + i}.`, chosen: `${i}`, rejected: 'No' }));
  writeRows(cwd, 'pairs.jsonl', rows(0));
  writeRows(cwd, 'labels.jsonl', rows(1000));
  const lora = 'lora_r: 2\nlearning_rate: 0.05\ntrain_batch_size: 4\n';
  writeFileSync(join(cwd, 'jsft.yaml'), `${lora}judge_batch_size: 4\nmax_steps: 3\n`);
  writeFileSync(
    join(cwd, 'self.yaml'),
    `${lora}max_steps: 2\nmax_new_tokens: 8\nmissing_eos: keep\nmax_prompt_length: 64\n`,
  );
  const jsft = words('jsft -m model --config jsft.yaml --dataset_name pairs.jsonl --output_dir jsft');
  expect(await run([...jsft, ...float32], { cwd })).toMatchObject({ code: 0 });
}, 60_000);
afterAll(remove);

/** What a model says, as judge, of the pairs that a round sampled first; null where there was no verdict. */
async function saidBy(model: string, round: string): Promise<(number | null)[]> {
  const rows = rowsOf(read(`${round}/samples/step-1.jsonl`)).filter(
    ({ probability }) => probability !== null,
  );
  const pairs = rows.map(({ prompt, a, b }) => ({ prompt, chosen: a, rejected: b }));
  writeRows(cwd, 'sampled.jsonl', pairs as object[]);
  const { code, stdout, stderr } = await run([...words(`judge -m ${model} sampled.jsonl`), ...float32], {
    cwd,
  });
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return rowsOf(stdout).map(({ probability }) => probability as number);
}
const verdictsOf = (round: string) =>
  rowsOf(read(`${round}/samples/step-1.jsonl`)).flatMap(({ probability }) =>
    probability === null ? [] : [probability as number],
  );

const LINE =
  /^round (\d)  (start|policy|retrained judge) +judges [01]\.\d{3} \[[01]\.\d{3}, [01]\.\d{3}\] of (\d+) held-out pairs right$/;
const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => LINE.exec(line)?.slice(1, 3).join(' ') ?? line);

it('each round begins with the one before, which judges it; its judge is measured; again does nothing', async () => {
  const { code, stdout, stderr } = await inRounds('rounds');
  expect([code, stderr]).toEqual([0, expect.anything()]);
  expect(linesOf(stdout)).toEqual(['0 start', '1 policy', '2 policy']);
  const { table } = JSON.parse(read('rounds/rounds.json')) as { table: { accuracy: { n: number } }[] };
  expect(table.map(({ accuracy }) => accuracy.n > 0)).toEqual([true, true, true]);
  expect(read('rounds/round-2/config.yaml')).toContain('model_name_or_path: rounds/round-1\n');
  // The reference is the start of the round.
  const [first] = rowsOf(read('rounds/round-2/metrics.jsonl'));
  expect(first.loss).toBe(Math.LN2);
  expect(await saidBy('rounds/round-1', 'rounds/round-2')).toEqual(verdictsOf('rounds/round-2'));
  expect(await saidBy('jsft', 'rounds/round-2')).not.toEqual(verdictsOf('rounds/round-2'));
  const again = await inRounds('rounds');
  expect(again).toMatchObject({ code: 0, stdout });
  expect(again.stderr.match(/is complete already/g)).toHaveLength(2);
}, 120_000);

it('the first judge, or one that is taught again, judges the later rounds', async () => {
  expect(linesOf((await inRounds('first', '--judge', 'first')).stdout)).toHaveLength(3);
  expect(await saidBy('jsft', 'first/round-2')).toEqual(verdictsOf('first/round-2'));
  const { stdout } = await inRounds('retrained', ...words('--judge retrained --labels labels.jsonl'));
  expect(linesOf(stdout)).toEqual(['0 start', '1 policy', '1 retrained judge', '2 policy']);
  expect(await saidBy('retrained/judge-1', 'retrained/round-2')).toEqual(verdictsOf('retrained/round-2'));
}, 120_000);

it.each([
  ['--judge last', /--judge: expected previous, first or retrained, received last/],
  ['--judge retrained', /--labels is missing/],
  ['--labels labels.jsonl', /--labels: expected none with --judge previous/],
  ['--rounds 0', /--rounds: expected a whole number above 0, received 0/],
])('%s is refused before anything begins', async (more, message) => {
  expect(await inRounds('wrong', ...words(more))).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(message),
  });
});
