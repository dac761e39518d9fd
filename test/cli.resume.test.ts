import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, start, temporaryFolder } from './support/cli.js';
import { outcome } from './support/outcome.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
afterAll(remove);

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const rows = Array.from({ length: 60 }, (_, i) => ({
    prompt: `Thing ${i}?`,
    chosen: `Yes, ${i}.`,
    rejected: 'No.',
  }));
  writeRows(cwd, 'pairs.jsonl', rows);
});

const COMMON = [
  '-m',
  'model',
  '--dtype',
  'float32',
  '--dataset_name',
  'pairs.jsonl',
  '--learning_rate',
  '1e-2',
];
const words = (text: string) => text.split(' ');
const RUNS = {
  // Dropout on: its masks must be those of the uninterrupted run.
  jsft: words('--max_steps 40 --train_batch_size 3 --judge_batch_size 2 --lora_dropout 0.2 --save_steps 7'),
  // With dev prompts asked about: which policy is kept must survive too.
  'self-train': words(
    '--max_steps 30 --train_batch_size 4 --max_new_tokens 6 --missing_eos keep --eval_steps 6 --max_kl 1000 --save_steps 7',
  ),
};

const outcomeOf = (folder: string) => outcome(join(cwd, folder));

describe.each(Object.entries(RUNS))('%s', (verb, flags) => {
  const into = (folder: string) => [verb, ...COMMON, ...flags, '--output_dir', `${verb}-${folder}`];
  let whole: ReturnType<typeof outcome>;

  beforeAll(async () => {
    expect((await run(into('whole'), { cwd })).code).toBe(0);
    whole = outcomeOf(`${verb}-whole`);
    expect(whole.leftOver).toEqual([]);
    expect(new Set(whole.metrics.map(({ loss }) => loss)).size).toBeGreaterThan(20);
  }, 60_000);

  it('Ctrl-C saves a checkpoint and says how to go on; the same command ends with the same bits', async () => {
    const first = start(into('stopped'), { cwd });
    await first.until(/20%/);
    // While it runs the folder is its own. Held still, so that it cannot end before the second one has looked.
    first.child.kill('SIGSTOP');
    const second = await run(into('stopped'), { cwd });
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(
      /expected a folder no other run is using \(.*\), received .* held by process \d+\n$/,
    );
    first.child.kill('SIGINT');
    first.child.kill('SIGCONT');
    const stopped = await first.ended;
    expect(stopped.code).toBe(130);
    expect(stopped.stdout).toBe('');
    const [, step, checkpoint] = /interrupted after step (\d+); checkpoint (\S+)\n/.exec(stopped.stderr)!;
    expect(Number(step)).toBeLessThan(whole.metrics.length);
    expect(existsSync(join(cwd, checkpoint, 'trainer_state.json'))).toBe(true);
    expect(stopped.stderr).toContain('run the same command again to go on from there');
    expect(existsSync(join(cwd, `${verb}-stopped/final`))).toBe(false);

    const resumed = await run(into('stopped'), { cwd });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`going on after step ${step} of ${whole.metrics.length}\n`);
    expect(outcomeOf(`${verb}-stopped`)).toEqual(whole);
  });

  it('after a kill it goes on from the last checkpoint, with the same bits', async () => {
    const killed = start(into('killed'), { cwd });
    await killed.until(/50%/);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    const resumed = await run(into('killed'), { cwd });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toMatch(/going on after step (7|14|21|28) of/);
    expect(outcomeOf(`${verb}-killed`)).toEqual(whole);
  });
});

describe('Ctrl-C elsewhere', () => {
  it('keeps what an evaluation has found, and says in which part it ended', async () => {
    const flags = [
      '--baseline',
      'model',
      '--max_new_tokens',
      '500',
      '--dtype',
      'float32',
      '--dataset_split',
      'all',
    ];
    const rows = Array.from({ length: 150 }, (_, i) => ({
      prompt: `Thing ${i}?`,
      chosen: 'Yes.',
      rejected: 'No',
    }));
    const file = writeRows(cwd, 'evaluated.jsonl', rows);
    const args = ['evaluate', '-m', 'model', '--dataset_name', file, ...flags, '--out', 'evaluation.json'];
    const work = start(args, { cwd });
    await work.until(/answers of the model to 150 prompts\n +10%/);
    work.child.kill('SIGINT');
    const { code, stdout, stderr } = await work.ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(
      /^The baseline as judge, of self-training the static one: agreement with people\n[^]*\nThe model itself as judge[^]*\nNot done: answers of the model to 150 prompts; answers of/,
    );
    expect(stderr).toMatch(/ended in the phase: answers of the model to 150 prompts\n$/);
    const kept = JSON.parse(readFileSync(join(cwd, 'evaluation.json'), 'utf8')) as Record<string, any>;
    expect(kept.judge.accuracy.n).toBe(150);
    expect(kept.unfinished).toHaveLength(4);
    expect(readdirSync(cwd).filter((name) => /evaluation.json./.test(name))).toEqual([]);
  });

  it('leaves no half output behind', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({ prompt: `Thing ${i}?` }));
    const file = writeRows(cwd, 'prompts.jsonl', rows);
    const flags = ['--max_new_tokens', '500', '--out', 'answers.jsonl', '--dtype', 'float32'];
    const work = start(['generate', file, '-m', 'model', ...flags], { cwd });
    await work.until(/10%/);
    work.child.kill('SIGINT');
    expect((await work.ended).code).toBe(130);
    expect(readdirSync(cwd).filter((name) => name.startsWith('answers'))).toEqual([]);
  });
});
