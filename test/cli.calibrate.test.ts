import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const COUNT = 80;
const questions = Array.from({ length: COUNT }, (_, i) => ({
  prompt: `What is ${i}?`,
  completions: [`It is ${i * 7}.`, `No idea of ${i}.`],
}));
const judge = (...flags: string[]) =>
  run(['judge', 'labelled.jsonl', '-m', 'model', '--dtype', 'float32', ...flags], { cwd });
const beside = join(cwd, 'model/judge_calibration.json');
const text = (name: string) => readFileSync(join(cwd, name), 'utf8');

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'labelled.jsonl', questions);
  expect(await judge('--out', 'as-it-is.jsonl')).toMatchObject({ code: 0 });
  // Labels that agree with it on four of five pairs.
  const said = rowsOf(text('as-it-is.jsonl'));
  const turned = { a: 'b', b: 'a' };
  const labels = said.map(({ winner }, i) => (i % 5 === 0 ? turned[winner as 'a'] : winner));
  writeRows(
    cwd,
    'labelled.jsonl',
    questions.map((row, i) => ({ ...row, winner: labels[i] })),
  );
}, 180_000);
afterAll(remove);

it('a judge is calibrated, and its calibration used, said, and refused for another judge', async () => {
  const few = await run(['judge', 'few.jsonl', '-m', 'model', '--calibrate'], {
    cwd: (writeRows(cwd, 'few.jsonl', rowsOf(text('labelled.jsonl')).slice(0, 9)), cwd),
  });
  expect([few.code, few.stderr]).toEqual([
    2,
    expect.stringMatching(/calibrate: expected at least 50 labelled rows .* received 9/),
  ]);
  expect(existsSync(beside)).toBe(false);

  const made = await judge('--calibrate', '--out', 'raw.jsonl');
  expect(made.code, made.stderr).toBe(0);
  expect(made.stderr).toMatch(
    /^Temperature [\d.]+ \[.*\], ties up to 0 from 1\/2; log-odds of -?[\d.]+ for whoever/m,
  );
  const stored = JSON.parse(readFileSync(beside, 'utf8')) as { temperature: number; pairs: number };
  expect(stored).toMatchObject({ pairs: COUNT, tie_threshold: 0, temperature: expect.any(Number) });

  const used = await judge('--out', 'calibrated.jsonl');
  expect(used.code, used.stderr).toBe(0);
  expect(used.stderr).toMatch(
    /^note: calibrated by .*judge_calibration\.json: temperature .* fitted on 80 pairs$/m,
  );
  const [raw, told] = ['raw.jsonl', 'calibrated.jsonl'].map((name) => rowsOf(text(name)));
  told.forEach(({ winner, probability, orders }, i) => {
    const [ab, ba] = orders as { p_a: number; p_b: number }[];
    const odds = (Math.log(ab.p_a / ab.p_b) - Math.log(ba.p_a / ba.p_b)) / 2;
    expect(probability).toBeCloseTo(1 / (1 + Math.exp(-odds / stored.temperature)), 9);
    expect(winner).toBe((probability as number) > 0.5 ? 'a' : 'b');
    expect(orders).toEqual(raw[i].orders);
  });
  // What is said of finished rows is said of their calibrated verdicts.
  expect((await judge('--out', 'calibrated.jsonl')).stdout).toBe(used.stdout);

  const plain = await judge('--out', 'plain.jsonl', '--calibration', 'none');
  expect(plain.code, plain.stderr).toBe(0);
  expect(text('plain.jsonl')).toBe(text('raw.jsonl'));
  const ties = await judge('--calibration', 'none', '--tie_threshold', '0.499');
  expect(rowsOf(ties.stdout).every(({ winner }) => winner === 'tie')).toBe(true);

  const other = await judge('--judge_template', 'plain-last');
  expect([other.code, other.stderr]).toEqual([
    2,
    expect.stringMatching(/calibration: expected one of this judge, fingerprint/),
  ]);
  const mixed = await judge('--out', 'raw.jsonl');
  expect([mixed.code, mixed.stderr]).toEqual([
    2,
    expect.stringMatching(/calibration: expected the calibration that the rows in/),
  ]);
  writeFileSync(beside, JSON.stringify({ ...stored, temperature: -1 }));
  const damaged = await judge();
  expect([damaged.code, damaged.stderr]).toEqual([
    1,
    expect.stringMatching(/a calibration of a judge \(temperature: [^]*--calibrate makes a new one/),
  ]);
}, 180_000);

it('length is taken off where that is fitted, wherever the judge is asked', async () => {
  const made = await judge(
    '--calibrate',
    '--length_controlled',
    '--calibration',
    'length.json',
    '--out',
    'plain.jsonl',
  );
  expect(made.code, made.stderr).toBe(0);
  expect(made.stderr).toMatch(/^Length -?[\d.]+ \[.*\] nats of log-odds for an answer e times as long/m);
  const stored = JSON.parse(text('length.json')) as { temperature: number; length_coefficient: number };
  expect(stored).toMatchObject({ accuracy: { before: { all: expect.any(Number) } } });

  const evaluated = await run(
    [
      'evaluate',
      'judge',
      'labelled.jsonl',
      '-m',
      'model',
      '--dtype',
      'float32',
      '--calibration',
      'length.json',
      '--output_dir',
      'trust',
    ],
    { cwd },
  );
  expect(evaluated.code, evaluated.stderr).toBe(0);
  expect(evaluated.stderr).toMatch(
    /^note: calibrated by length\.json: as at equal lengths \(-?[\d.e-]+ nats/m,
  );
  const [raw, told] = ['plain.jsonl', 'trust/verdicts.jsonl'].map((name) => rowsOf(text(name)));
  told.forEach(({ probability, completions }, i) => {
    const [ab, ba] = raw[i].orders as { p_a: number; p_b: number }[];
    const odds = (Math.log(ab.p_a / ab.p_b) - Math.log(ba.p_a / ba.p_b)) / 2;
    const [a, b] = (completions as string[]).map((answer) => Math.log(answer.length + 1));
    const equal = (odds - stored.length_coefficient * (a - b)) / stored.temperature;
    expect(probability).toBeCloseTo(1 / (1 + Math.exp(-equal)), 10);
  });

  // Beside the weights it is taken wherever the model judges by its path.
  writeFileSync(beside, text('length.json'));
  writeRows(cwd, 'prompts.jsonl', [{ prompt: 'What is 7?' }]);
  const best = await run(
    [
      'generate',
      'prompts.jsonl',
      '-m',
      'model',
      '--dtype',
      'float32',
      '--best_of',
      '2',
      '--judge',
      'model',
      '--max_new_tokens',
      '4',
    ],
    { cwd },
  );
  expect(best.code, best.stderr).toBe(0);
  expect(best.stderr).toMatch(
    /the judge is calibrated by model\/judge_calibration\.json: as at equal lengths/,
  );
});
