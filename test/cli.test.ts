import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const MODEL = ['--dtype', 'float32'];
const DATA = ['--dataset_name', 'pairs.jsonl', '--dataset_split', 'all'];
const LOOP = ['--max_steps', '3', '--train_batch_size', '4', '--learning_rate', '1e-2', '--save-steps', '2'];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'pairs.jsonl', preferenceRows());
});
afterAll(remove);

const text = (...path: string[]) => readFileSync(join(cwd, ...path), 'utf8');
const json = (...path: string[]) => JSON.parse(text(...path)) as Record<string, any>;
const metricsOf = (folder: string) => rowsOf(text(folder, 'metrics.jsonl'));

async function train(verb: string, start: string, folder: string, ...flags: string[]) {
  const ended = await run([verb, '-m', start, ...MODEL, ...DATA, ...LOOP, '--output_dir', folder, ...flags], {
    cwd,
  });
  expect(ended.stderr).toMatch(/done: 3 steps/);
  expect(ended.code).toBe(0);
  return ended;
}

const ADAPTER = ['adapter_config.json', 'adapter_model.safetensors'];
const TOKENIZER = [
  'chat_template.jinja',
  'manifest.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'training_data.json',
];

describe('training', () => {
  it('sft: a run folder, progress on stderr, nothing on stdout, and the next command', async () => {
    const { stdout, stderr } = await train('sft', 'model', 'sft');
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^sft +33% {2}1\/3 steps .*\/s {2}ETA .* loss 5/m);
    expect(stderr).toMatch(/^sft +100% {2}3\/3 steps .* in \d/m);
    expect(stderr).toContain('result: sft/final\n');
    expect(stderr).toMatch(
      /next: selfjudge jsft -m sft --output_dir jsft --dtype float32 --dataset_name pairs.jsonl\n$/,
    );
    expect(readdirSync(join(cwd, 'sft')).sort()).toEqual([
      'checkpoints',
      'config.yaml',
      'environment.json',
      'final',
      'fingerprints.json',
      'metrics.jsonl',
      'profile.jsonl',
      'report.html',
      'summary.json',
    ]);
    expect(readdirSync(join(cwd, 'sft/checkpoints')).sort()).toEqual(['step-2', 'step-3']);
    expect(readdirSync(join(cwd, 'sft/final')).sort()).toEqual([...ADAPTER, ...TOKENIZER]);
    expect(text('sft/config.yaml')).toMatch(/^verb: sft\n[^]*learning_rate: 0.01\n/);
    expect(json('sft/environment.json')).toMatchObject({ selfjudge: expect.any(String), device: 'cpu' });
    expect(json('sft/summary.json')).toMatchObject({
      verb: 'sft',
      status: 'completed',
      step: 3,
      bestStep: 3,
    });
    const rows = metricsOf('sft');
    expect(rows.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(rows[2]).toMatchObject({ num_tokens: expect.any(Number), grad_norm: expect.any(Number) });
    expect(rows[2].learning_rate).toBeGreaterThan(0);
    expect(rows[2].loss).toBeLessThan(rows[0].loss);
  });

  it('jsft: the result as JSON alone on stdout, the judge template beside the weights', async () => {
    const flags = ['--judge_batch_size', '4', '--json'];
    const { stdout } = await train('jsft', 'model', 'jsft', ...flags);
    expect(rowsOf(stdout)).toMatchObject([
      { status: 'completed', step: 3, final: 'jsft/final', outputDir: 'jsft' },
    ]);
    expect(text('jsft/final/judge_template.yaml')).toMatch(/^name: plain$/m);
    for (const row of metricsOf('jsft'))
      for (const key of ['loss/sft', 'loss/verdict', 'verdict_accuracy', 'time/update'])
        expect(row[key]).toBeTypeOf('number');
  });

  it('jsft with demonstrations of a file of their own, which the run then knows', async () => {
    const file = writeRows(cwd, 'demonstrations.jsonl', [{ prompt: 'Only here?', completion: 'Yes.' }]);
    const flags = ['--sft_dataset_name', file, '--train_batch_size', '1', '--judge_batch_size', '2'];
    await train('jsft', 'model', 'demonstrated', ...flags);
    expect(text('demonstrated/config.yaml')).toContain(`sft_dataset_name:\n  - ${file}\n`);
    // Others in their place: the run does not go on with them.
    writeRows(cwd, 'demonstrations.jsonl', [{ prompt: 'Only here?', completion: 'No.' }]);
    const again = [
      'jsft',
      '-m',
      'model',
      ...MODEL,
      ...DATA,
      ...LOOP,
      '--output_dir',
      'demonstrated',
      ...flags,
    ];
    const { code, stderr } = await run(again, { cwd });
    expect(stderr).toContain('dataset_name: expected the rows that the run in demonstrated began with');
    expect(code).toBe(2);
  });

  it('jsft with principles and with rationales', async () => {
    await train('jsft', 'model', 'principles', '--judge_template', 'principles', '--judge_batch_size', '2');
    expect(text('principles/final/judge_template.yaml')).toMatch(/^name: principles$/m);
    await train('jsft', 'model', 'rationale', '--judge-template', 'rationale', '--judge_batch_size', '2');
    for (const row of metricsOf('rationale')) expect(row['loss/rationale']).toBeGreaterThan(4);
  });

  it('self-train: starts at log 2, samples written down, one exact adapter saved', async () => {
    if (!existsSync(join(cwd, 'jsft'))) await train('jsft', 'model', 'jsft');
    const { stderr } = await train(
      'self-train',
      'jsft',
      'self',
      '--max_new_tokens',
      '6',
      '--missing_eos',
      'keep',
    );
    expect(stderr).toMatch(/next: selfjudge evaluate -m self --baseline jsft --dtype float32 /);
    const rows = metricsOf('self');
    expect(rows[0].loss).toBeCloseTo(Math.log(2), 6);
    expect(rows[0]['sampling/logp_diff']).toBe(0);
    const keys = [
      'rewards/chosen rewards/rejected rewards/accuracies rewards/margins logps/chosen logps/rejected sampling/kl sampling/neg_logprob',
      'grad_norm learning_rate num_tokens completions/mean_length completions/clipped_ratio',
      'judge/position_consistency judge/first_rate judge/margin judge/ab_mass judge/tie_rate judge/longer_rate',
      'time/data time/generate time/judge time/reference time/update time/other step_time',
      'flops/generate flops/judge flops/reference flops/update bytes/generate bytes/update',
    ];
    for (const key of keys.join(' ').split(' ')) expect(rows[0]).toHaveProperty([key]);
    const [sample] = rowsOf(text('self/samples/step-1.jsonl'));
    expect(Object.keys(sample).sort()).toEqual('a b fate id probability prompt votes winner'.split(' '));
    // Of each question A and B with a shown first, and with b.
    expect(sample.votes).toMatchObject([
      { principle: 'overall', ab: [expect.any(Number), expect.any(Number)] },
    ]);
    expect(json('self/final/adapter_config.json').r).toBe(16);
  });

  it('dpo with weights of its own (full fine-tuning): a whole model that opens again', async () => {
    const { stderr } = await train('dpo', 'model', 'dpo', '--full_finetuning', '--loss_type', 'ipo');
    expect(stderr).toMatch(/next: selfjudge evaluate -m dpo --baseline model /);
    expect(readdirSync(join(cwd, 'dpo/final')).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'manifest.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'training_data.json',
    ]);
    const { code, stdout } = await run(
      ['generate', '--prompt', 'Hi', '-m', 'dpo', ...MODEL, '--max_new_tokens', '3'],
      {
        cwd,
      },
    );
    expect(code).toBe(0);
    expect(stdout.endsWith('\n')).toBe(true);
  });

  it('trains all weights through sft and self-train too', async () => {
    await train('sft', 'model', 'full-sft', '--full_finetuning', 'true');
    await train(
      'self-train',
      'full-sft',
      'full-self',
      '--full-finetuning',
      '--max_new_tokens',
      '4',
      '--missing_eos=keep',
    );
    expect(metricsOf('full-self')[0].loss).toBeCloseTo(Math.log(2), 6);
    expect(readdirSync(join(cwd, 'full-self/final'))).toContain('model.safetensors');
  });

  it('takes a configuration file, that of a run too, and says when a run is complete', async () => {
    if (!existsSync(join(cwd, 'sft'))) await train('sft', 'model', 'sft');
    const again = await run(['sft', '--config', 'sft/config.yaml'], { cwd });
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toMatch(
      /^sft is complete already\ndone: 3 steps\nresult: sft\/final\nreport: sft\/report.html\nnext: /,
    );
    const other = await run(['sft', '--config', 'sft/config.yaml', '--seed', '5'], { cwd });
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toMatch(/^error: seed: expected 0, as the run in sft began with .*received 5\n$/);
  });
});

describe('a model in use', () => {
  const M = ['-m', 'trained', ...MODEL];
  beforeAll(() => train('jsft', 'model', 'trained', '--judge_batch_size', '2'));

  it('judge: the exact text, both orders, and rows in their places', async () => {
    const rows = [
      { prompt: 'What is tea?', completions: ['It is tea.', 'No.'] },
      '{broken',
      { prompt: [{ role: 'user', content: 'Hi' }], completions: ['Yes', 'Yes'] },
    ];
    const file = writeRows(cwd, 'judge.jsonl', rows);
    const { code, stdout, stderr } = await run(['judge', file, ...M], { cwd });
    expect(code).toBe(0);
    const [first, broken, equal] = rowsOf(stdout);
    expect(first.orders).toHaveLength(2);
    expect(first.orders[0].rendered).toContain('Response A:\nIt is tea.');
    expect(first.orders[1].rendered).toContain('Response A:\nNo.');
    const scoreA = (first.orders[0].p_a + first.orders[1].p_b) / 2;
    const scoreB = (first.orders[0].p_b + first.orders[1].p_a) / 2;
    expect(first.probability).toBeCloseTo(scoreA / (scoreA + scoreB), 12);
    expect(first.winner).toBe(scoreA > scoreB ? 'a' : 'b');
    expect(broken).toMatchObject({ winner: null, error: expect.stringContaining('JSON') });
    expect(equal).toMatchObject({ winner: 'tie', probability: 0.5 });
    expect(stderr).toMatch(/warning: 1 row could not be used\n1 broken-line: .*judge.jsonl:2 /);
  });

  it('judge by principles: a vote each', async () => {
    const file = writeRows(cwd, 'one.jsonl', [{ prompt: 'Hi', completions: ['a', 'b'] }]);
    const { stdout } = await run(['judge', file, ...M, '--judge_template', 'principles'], { cwd });
    const [{ votes }] = rowsOf(stdout);
    expect(votes).toHaveLength(4);
    expect(votes[3]).toMatchObject({ principle: 'helpfulness', score_a: expect.any(Number) });
  });

  it('score: log-probabilities of the answer and its end, into a file', async () => {
    const file = writeRows(cwd, 'score.jsonl', [
      { prompt: 'What is tea?', completion: 'Tea.' },
      { prompt: 'Hi', completion: '' },
      { prompt: [{ role: 'user', content: 'Hi' }], completion: [{ role: 'assistant', content: 'Yo' }] },
    ]);
    const { code, stdout } = await run(['score', file, ...M, '--out', 'scores.jsonl'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const [tea, empty, list] = rowsOf(text('scores.jsonl'));
    expect(tea.tokens).toEqual([...Buffer.from('Tea.'), 258]);
    expect(tea.logprob).toBeCloseTo(tea.logprobs.reduce((a: number, b: number) => a + b));
    expect(empty).toEqual({ logprob: null, tokens: [], logprobs: [], error: 'the answer is empty' });
    expect(list.tokens).toEqual([...Buffer.from('Yo'), 258]);
  });

  it('generate: rows, several answers, the same for the same seed', async () => {
    const file = writeRows(cwd, 'prompts.jsonl', [{ prompt: 'a' }, { prompt: 'b' }]);
    const flags = ['generate', file, ...M, '--max_new_tokens', '4', '--count', '2', '--seed', '3'];
    const [first, second] = await Promise.all([run(flags, { cwd }), run(flags, { cwd })]);
    expect(first.stdout).toBe(second.stdout);
    const rows = rowsOf(first.stdout);
    expect(rows.map(({ prompt }) => prompt)).toEqual(['a', 'b']);
    expect(rows[0]).toEqual({
      prompt: 'a',
      completions: [expect.any(String), expect.any(String)],
      logprobs: [expect.any(Number), expect.any(Number)],
      finishes: [expect.stringMatching(/^(eos|length)$/), expect.stringMatching(/^(eos|length)$/)],
    });
    const one = await run(['generate', '--prompt', 'a', ...M, '--max_new_tokens', '4', '--seed', '3'], {
      cwd,
    });
    const both = ['generate', '--prompt', 'a', ...M, '--max_new_tokens', '4', '--seed', '3', '--count', '2'];
    // As text each answer has its own line; the first is what it is alone.
    const { stdout } = await run(both, { cwd });
    expect(stdout.startsWith(one.stdout)).toBe(true);
  });

  it('generate --best_of: the winner of a tournament; text for a prompt, JSON where asked for', async () => {
    const flags = ['generate', '--prompt', 'Hi', ...M, '--max_new_tokens', '4', '--best-of', '3'];
    const [plain, asJson] = await Promise.all([run(flags, { cwd }), run([...flags, '--json'], { cwd })]);
    const [row] = rowsOf(asJson.stdout);
    expect(plain.stdout).toBe(`${row.completion}\n`);
    expect(row.candidates).toHaveLength(3);
    expect(row.candidates[row.tournament.winner]).toBe(row.completion);
    expect(row.tournament.rounds).toHaveLength(2);
  });

  it('evaluate: agreement, win rates with and without an outside judge, implicit reward', async () => {
    await train('dpo', 'trained', 'policy');
    const seen = await run(['evaluate', '-m', 'policy', ...MODEL, ...DATA], { cwd });
    expect(seen.code).toBe(1);
    expect(seen.stderr).toMatch(/prompt the model was not trained on: another file.*received 12 pairs/);
    const lines = preferenceRows().map((row) => JSON.stringify(row));
    const held = lines.map((line) => line.replace('What is', 'What was').replace('Say ', 'Tell '));
    writeRows(cwd, 'held.jsonl', [...held, lines[0]]);
    const HELD = ['--dataset_name', 'held.jsonl', '--dataset_split', 'all'];
    const flags = [
      'evaluate',
      '-m',
      'policy',
      ...MODEL,
      ...HELD,
      '--max_new_tokens',
      '4',
      '--baseline',
      'trained',
    ];
    const outside = ['--outside_judge', 'trained', '--out', 'evaluation.json'];
    const { code, stdout, stderr } = await run([...flags, ...outside], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^The baseline as judge, [^]*The model itself as judge[^]*Outside judge: agreement/,
    );
    expect(stdout).toContain('training judge (optimised against: no evidence)');
    expect(stdout).toMatch(/Implicit reward on human pairs\n[^]*margin 0\.\d+\n$/);
    expect(stderr).toMatch(/answers of the baseline\n +100%/);
    const result = json('evaluation.json');
    expect(result.judge.accuracy.n).toBe(12);
    // The outside judge is the baseline here.
    expect(result.baselineJudge).toEqual(result.outsideJudge);
    expect(result.judge.behaviour).not.toEqual(result.baselineJudge.behaviour);
    expect(result.winRate.ownJudge.rate.n).toBe(12);
    // Both must say the same of the same answers.
    expect(result.winRate.outsideJudge).toEqual(result.winRate.ownJudge);
    expect(result.implicitReward.margin).toBeGreaterThan(0);
    expect(result.samples).toHaveLength(12);
    expect(stderr).toContain('warning: 1 of 13 pairs left out, as the model was trained on their prompts\n');
    // The same evaluation beside itself differs in nothing.
    const same = await run(['compare', 'evaluation.json', 'evaluation.json'], { cwd });
    expect(same.stdout).toMatch(/^wins, outside judge +\d\.\d+ +\d\.\d+ +0\.000 \[0\.000, 0\.000\] +12$/m);
    expect(same.stdout).toContain('12 prompts that both have\n');
    const alone = await run(['evaluate', '-m', 'policy', ...MODEL, ...HELD, '--json'], { cwd });
    expect(rowsOf(alone.stdout)).toEqual([{ judge: result.judge, samples: [] }]);
  });

  it('opens an adapter on top of a model, and refuses one on another adapter', async () => {
    const file = writeRows(cwd, 'yo.jsonl', [{ prompt: 'Hi', completion: 'Yo' }]);
    const on = await run(['score', file, '-m', 'model', '--adapter', 'trained', ...MODEL], { cwd });
    const whole = await run(['score', file, ...M], { cwd });
    expect(on.stdout).toBe(whole.stdout);
    const refused = await run(['score', file, ...M, '--adapter', 'trained'], { cwd });
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('adapter: expected no further adapter'),
    });
  });

  it('runs list and runs show, as tables and as JSON', async () => {
    const list = await run(['runs', 'list', '.'], { cwd });
    expect(list.stdout).toMatch(
      /^trained +jsft +\d{4}-\d\d-\d\d \d\d:\d\d +complete +3 of 3 +verdict_accuracy [\d.]+$/m,
    );
    const rows = rowsOf((await run(['runs', 'list', '.', '--json'], { cwd })).stdout);
    expect(rows.find(({ path }) => path === 'trained')).toMatchObject({
      verb: 'jsft',
      status: 'complete',
      step: 3,
    });
    const show = await run(['runs', 'show', 'trained'], { cwd });
    expect(show.stdout).toMatch(
      /^trained {2}jsft {2}complete after 3 steps\n[^]*verb: jsft\n[^]*loss\/verdict/,
    );
    const profile = await run(['runs', 'show', 'trained', '--profile'], { cwd });
    expect(profile.stdout).toMatch(/^trained {2}jsft {2}complete after 3 steps\n\n3 steps in [\d.]+ s\n/);
    expect(profile.stdout).toMatch(/^phase +seconds +share +calls +GFLOP +GB +GFLOP\/s +GB\/s$/m);
    expect(profile.stdout).toMatch(/^all +[\d.]+ +100.0% +\d+( +[\d.]+){4}$/m);
    expect(profile.stdout).toMatch(/^linear_backward +\d+ +[\d.]+ +[\d.]+% +[\d.]+ +[\d.]+%$/m);
    expect(Math.max(...profile.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    const [told] = rowsOf((await run(['runs', 'show', 'trained', '--profile', '--json'], { cwd })).stdout);
    const update = metricsOf('trained').map((row) => row['flops/update'] as number);
    const phase = (told.profile.phases as any[]).find((one) => one.phase === 'update');
    expect(phase.flops).toBe(update.reduce((sum, flops) => sum + flops, 0));
    expect((told.profile.ops as any[]).reduce((sum, { flops }) => sum + flops, 0)).toBe(phase.flops);
    const none = await run(['runs', 'show', 'model'], { cwd });
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('expected a run folder') });
  });

  it('doctor', async () => {
    expect((await run(['doctor'])).stdout).toMatch(/^kernel path +(amx|avx512bf16|avx512|avx2|portable) /m);
    expect(rowsOf((await run(['doctor', '--json'])).stdout)[0]).toMatchObject({ node: process.version });
  });
});
