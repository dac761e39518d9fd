import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const DTYPE = ['--dtype', 'float32'];
const words = (text: string) => text.split(' ');
const START = words('self-train -m model --dtype float32 --dataset_name pairs.jsonl --dataset_split all');
const QUICK = words('--max_steps 2 --train_batch_size 4 --max_new_tokens 6 --missing_eos keep');
const selfTrain = (out: string, ...flags: string[]) =>
  run([...START, ...QUICK, '--output_dir', out, ...flags], { cwd });
const verdictsOf = (out: string) =>
  rowsOf(readFileSync(join(cwd, out, 'samples/step-1.jsonl'), 'utf8')) as {
    prompt: string;
    a: string;
    b: string;
    fate: string;
    winner: string | null;
    probability: number | null;
  }[];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  // Of another tokenizer: more words, other ids of the verdicts.
  await saveTinyModel(join(cwd, 'other'), { seed: 9, words: ['the', 'is', ' A', ' B'] });
  writeRows(
    cwd,
    'pairs.jsonl',
    preferenceRows().map((row, i) => ({ ...row, prompt: `Question ${i}?` })),
  );
});
afterAll(remove);

it('self-train --judge: another model says which answer is better, of texts', async () => {
  const { code, stderr } = await selfTrain('by-other', '--judge', 'other');
  expect(stderr).toMatch(/^note: the judge is other, asked with judge template plain$/m);
  expect(code).toBe(0);
  const judged = verdictsOf('by-other').filter(({ probability }) => probability !== null);
  expect(judged.length).toBeGreaterThan(0);
  const file = writeRows(
    cwd,
    'sampled.jsonl',
    judged.map(({ prompt, a, b }) => ({ prompt: [{ role: 'user', content: prompt }], a, b })),
  );
  const said = rowsOf((await run(['judge', file, '-m', 'other', ...DTYPE], { cwd })).stdout);
  judged.forEach(({ probability, winner }, i) => {
    if (typeof judged[i].prompt !== 'string') return;
    expect([probability, winner]).toEqual([said[i].probability, said[i].winner]);
  });
});

it('a run goes on with the judge it began with, and no other', async () => {
  cpSync(join(cwd, 'other'), join(cwd, 'moved'), { recursive: true });
  const again = await selfTrain('by-other', '--judge', 'moved', '--max_steps', '3');
  expect(again).toMatchObject({ code: 0 });
  const swapped = await selfTrain('by-other', '--judge', 'model', '--max_steps', '4');
  expect(swapped.code).toBe(2);
  expect(swapped.stderr).toMatch(/judge: expected the judge that the run in by-other began with/);
});

it("TRL's reward_model_path is the judge; other verbs ask none", async () => {
  const taken = await selfTrain('by-trl', '--reward_model_path', 'other', '--dry_run');
  expect(taken.stderr).toMatch(/the judge is other/);
  const refused = await run(['dpo', '-m', 'model', '--judge', 'other'], { cwd });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/judge: expected left out: self-train alone asks a judge/);
});

it('the judge has no adapter and no template of the model that answers; the question is the one that was asked for', async () => {
  const flags = words(
    'generate --prompt Hi -m model --adapter by-other --dtype float32 --max_new_tokens 6 --json',
  );
  const { code, stdout } = await run([...flags, '--best_of', '3', '--judge', 'other'], { cwd });
  expect(code).toBe(0);
  const [{ candidates, tournament }] = rowsOf(stdout) as {
    candidates: string[];
    tournament: { rounds: { matches: { a: number; b: number; verdict?: { probability: number } }[] }[] };
  }[];
  const [match] = tournament.rounds.flatMap((round) => round.matches).filter(({ verdict }) => verdict);
  const pair = { prompt: [{ role: 'user', content: 'Hi' }], a: candidates[match.a], b: candidates[match.b] };
  const file = writeRows(cwd, 'adapted.jsonl', [pair]);
  const [said] = rowsOf((await run(['judge', file, '-m', 'other', ...DTYPE], { cwd })).stdout);
  expect(match.verdict!.probability).toBe(said.probability);
  const asked = await selfTrain(
    'by-principles',
    '--judge',
    'other',
    '--judge_template',
    'principles',
    '--dry_run',
  );
  expect(asked.stderr).toMatch(/the judge is other, asked with judge template principles$/m);
});

it('generate --best_of --judge: the tournament is by that judge', async () => {
  const flags = ['generate', '--prompt', 'Hi', '-m', 'model', ...DTYPE, '--max_new_tokens', '6', '--json'];
  const { code, stdout } = await run([...flags, '--best_of', '4', '--judge', 'other'], { cwd });
  expect(code).toBe(0);
  const [{ candidates, tournament }] = rowsOf(stdout) as {
    candidates: string[];
    tournament: { rounds: { matches: { a: number; b: number; verdict?: { probability: number } }[] }[] };
  }[];
  const matches = tournament.rounds.flatMap((round) => round.matches).filter((match) => match.verdict);
  expect(matches.length).toBeGreaterThan(0);
  const pairs = matches.map(({ a, b }) => ({
    prompt: [{ role: 'user', content: 'Hi' }],
    a: candidates[a],
    b: candidates[b],
  }));
  const file = writeRows(cwd, 'matches.jsonl', pairs);
  const said = rowsOf((await run(['judge', file, '-m', 'other', ...DTYPE], { cwd })).stdout);
  expect(matches.map(({ verdict }) => verdict!.probability)).toEqual(said.map((row) => row.probability));
  const idle = await run([...flags, '--judge', 'other'], { cwd });
  expect(idle.stderr).toMatch(
    /note: judge other does nothing: there is nothing to compare where best_of is 1/,
  );
});

it.each(['generate', 'chat'])('%s looks at the judge before the weights of the model', async (verb) => {
  mkdirSync(join(cwd, 'hollow'), { recursive: true });
  writeFileSync(join(cwd, 'hollow/config.json'), '{}');
  const flags = [verb, ...(verb === 'chat' ? [] : ['--prompt', 'Hi']), '-m', 'hollow', '--best_of', '2'];
  const { code, stderr } = await run([...flags, '--judge', 'nothing.jsonl'], { cwd });
  expect(stderr).toMatch(/nothing.jsonl: expected a file that can be read/);
  expect(code).toBe(1);
});

it('evaluate --outside_judge FILE: judgments of people are a judge', async () => {
  const people = preferenceRows().map((row, i) => {
    const { chosen, rejected } = row as { chosen: string; rejected: string };
    return { prompt: `Question ${i}?`, completions: [rejected, chosen], winner: 'b' };
  });
  writeRows(cwd, 'people.jsonl', people);
  const flags = [
    'evaluate',
    '-m',
    'model',
    ...DTYPE,
    '--dataset_name',
    'pairs.jsonl',
    '--dataset_split',
    'all',
  ];
  const { code, stdout, stderr } = await run([...flags, '--outside_judge', 'people.jsonl', '--json'], {
    cwd,
  });
  expect(stderr).not.toMatch(/rror/);
  expect(code).toBe(0);
  const { outsideJudge } = JSON.parse(stdout) as {
    outsideJudge: { accuracy: { value: number; n: number }; behaviour: Record<string, number> };
  };
  expect(outsideJudge.accuracy).toMatchObject({ value: 1, n: 12 });
  // People were not asked in two orders.
  expect(outsideJudge.behaviour).not.toHaveProperty('positionConsistency');
});

it('best_of held to the start that the run says, which may also judge', async () => {
  const tuned = await run([...START, ...QUICK, '--learning_rate', '3e-2', '--output_dir', 'tuned'], { cwd });
  expect(tuned.code).toBe(0);
  const flags = words(
    'generate --prompt Hi -m tuned --dtype float32 --max_new_tokens 6 --seed 3 --json --best_of 6',
  );
  const drawn = async (...more: string[]) => {
    const { code, stdout, stderr } = await run([...flags, ...more], { cwd });
    expect(stderr).not.toMatch(/error/);
    expect(code).toBe(0);
    const [row] = rowsOf(stdout) as {
      completion: string;
      candidates: string[];
      tournament: { rounds: { matches: { verdict?: { evidence: Record<string, unknown> } }[] }[] };
    }[];
    return row;
  };
  const own = await drawn('--judge', 'self');
  expect(own).toEqual(await drawn());
  // The start said what it says of the same answers by itself.
  const byStart = await drawn('--judge', 'start');
  expect(byStart).toEqual(await drawn('--judge', 'model'));
  expect(byStart.candidates).toEqual(own.candidates);
  // With all the weight on the reference, what the start calls likeliest wins.
  const held = await drawn('--reference_weight', '1e6');
  expect(held).toEqual(await drawn('--reference_weight', '1e6', '--start', 'model'));
  const file = writeRows(
    cwd,
    'candidates.jsonl',
    held.candidates.map((completion) => ({ prompt: 'Hi', completion })),
  );
  const scored = await run(['score', file, '-m', 'model', ...DTYPE, '--prompt_format', 'chat'], { cwd });
  const logprobs = (rowsOf(scored.stdout) as { logprob: number }[]).map(({ logprob }) => logprob);
  expect(held.completion).toBe(held.candidates[logprobs.indexOf(Math.max(...logprobs))]);
  const evidence = held.tournament.rounds.flatMap(({ matches }) => matches).find(({ verdict }) => verdict)!;
  expect(evidence.verdict!.evidence).toMatchObject({ kind: 'regularised', logprobA: expect.any(Number) });

  cpSync(join(cwd, 'tuned/final'), join(cwd, 'elsewhere'), { recursive: true });
  const moved = words(
    'generate --prompt Hi -m elsewhere --max_new_tokens 6 --best_of 2 --reference_weight 1 --start nowhere',
  );
  expect(await run(moved, { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('nowhere') });
});
