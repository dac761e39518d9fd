// Several processes train one run: the bits are those of one process with as many slices, jobs of 1, 2 and 4 go on with each
// other's checkpoints, and what goes wrong in one of them ends all. Skipped where no MPI is set up (pnpm setup:mpi).
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { soak } from '@selfjudge/testing/project';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, start, temporaryFolder, type Ended } from './support/cli.js';
import { awaited, processOf } from './support/job.js';
import { launchedByHand, sharedOutcome, withoutMpi } from './support/ranks.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const SAMPLED = '--train_batch_size 4 --max_new_tokens 6';
const JUDGED = `${SAMPLED} --missing_eos keep --eval_steps 3 --max_kl 1000`;
/** Among them are dropout, a step of fewer rows than slices, and two updates a step. */
const METHODS: Record<string, string> = {
  sft: '--train_batch_size 5 --lora_dropout 0.2 --dataset_split all',
  jsft: '--train_batch_size 4 --judge_batch_size 3 --lora_dropout 0.2 --dataset_split all',
  dpo: '--train_batch_size 3 --precompute_ref_log_probs',
  kto: '--train_batch_size 6',
  reward: '--train_batch_size 5 --lora_dropout 0.2',
  'self-train': JUDGED,
  'self-train-offline': '--train_batch_size 4',
  raft: `${JUDGED} --num_generations 3`,
  rest: `${JUDGED} --num_generations 3 --grow_steps 2 --improve_steps 2`,
  rso: `${SAMPLED} --missing_eos keep --num_generations 4 --num_samples 3`,
  ppo: `${SAMPLED} --num_ppo_epochs 1 --num_mini_batches 2`,
};
const COMMON =
  '-m model --dtype float32 --device cpu --prompt_format chat --lora_target_modules q_proj v_proj ' +
  '--learning_rate 3e-2 --max_steps 6 --save_steps 2 --gradient_leaves 4';

const words = (text: string) => text.split(' ');
const processes = (count?: number) => (count === undefined ? [] : ['--num_processes', String(count)]);
const command = (verb: string, folder: string, count?: number) => [
  verb,
  ...words(`${COMMON} ${METHODS[verb]} --dataset_name ${verb === 'kto' ? 'labelled' : 'pairs'}.jsonl`),
  ...processes(count),
  '-o',
  folder,
];

/** Runs a method to its end and says what the run ends with. */
async function trained(verb: string, folder: string, count?: number): Promise<object> {
  const { code, stderr } = await run(command(verb, folder, count), { cwd });
  expect(stderr).toMatch(/^done: 6 steps/m);
  if (count !== undefined && count > 1)
    expect(stderr).toContain(`note: ${count} processes share out the 4 slices of each step`);
  expect(code).toBe(0);
  return sharedOutcome(join(cwd, folder));
}

const stepsIn = (folder: string) => {
  const path = join(cwd, folder, 'metrics.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
};

/** Self-training whose steps are the same however many there are. */
const ofLength = (folder: string, steps: number, count?: number) => [
  ...command('self-train', folder, count),
  '--lr_scheduler_type',
  'constant',
  '--max_steps',
  String(steps),
];

/** Starts a job of two and sends a signal to a process of it after three steps. */
async function disturbed(
  folder: string,
  signal: NodeJS.Signals,
  of: (launcher: number) => number | undefined,
): Promise<Ended & { seconds: number }> {
  const job = start(ofLength(folder, 40, 2), { cwd });
  await awaited(() => (stepsIn(folder) >= 3 ? true : undefined));
  process.kill(await awaited(() => of(job.child.pid!)), signal);
  const at = performance.now();
  const ended = await job.ended;
  return { ...ended, seconds: (performance.now() - at) / 1000 };
}

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const things = Array.from({ length: 40 }, (_, i) => i);
  const pairs = things.map((i) => ({ prompt: `Thing ${i}?`, chosen: `${i}.`, rejected: 'No.' }));
  writeRows(cwd, 'pairs.jsonl', pairs);
  const labelled = things.map((i) => ({ prompt: `Thing ${i}?`, completion: `${i}.`, label: i % 3 > 0 }));
  writeRows(cwd, 'labelled.jsonl', labelled);
});
afterAll(remove);

describe.skipIf(withoutMpi)('a run of several processes', () => {
  it.for(soak ? Object.keys(METHODS) : ['dpo'])('%s: has the bits of one process', async (verb) => {
    const alone = await trained(verb, `${verb}-alone`);
    for (const count of soak ? [1, 2, 4] : [2])
      expect(await trained(verb, `${verb}-${count}`, count), `${count} processes`).toEqual(alone);
  });

  it('ends when one is killed, with 75, and goes on alone', async () => {
    const killed = await disturbed('killed', 'SIGKILL', () => processOf('killed', 1));
    expect(killed.stderr).toContain(
      'a process of the job was ended by SIGKILL; the same command goes on from the newest checkpoint',
    );
    expect(killed.code).toBe(75);
    expect(killed.seconds).toBeLessThan(60);
    const steps = stepsIn('killed') + 3;
    const onward = await run(ofLength('killed', steps), { cwd });
    expect(onward.stderr).toMatch(/going on after step \d+ of/);
    const whole = await run(ofLength('whole', steps), { cwd });
    expect([onward.code, whole.code]).toEqual([0, 0]);
    expect(sharedOutcome(join(cwd, 'killed'))).toEqual(sharedOutcome(join(cwd, 'whole')));
  });
});

/** All weights are trained: ranks share the moments. */
const inFull = (folder: string, steps: number, count?: number) => [
  ...words(
    'sft -m model --dtype bf16 --device cpu --prompt_format chat --dataset_name pairs.jsonl --dataset_split all --full_finetuning ' +
      '--learning_rate 1e-2 --weight_decay 0.1 --lr_scheduler_type constant --train_batch_size 5 --gradient_leaves 4 --save_steps 2',
  ),
  '--max_steps',
  String(steps),
  ...processes(count),
  '-o',
  folder,
];

describe.skipIf(withoutMpi || !soak)('a run that trains all weights', () => {
  it('has the bits of one process for any number, each of which opens the checkpoints of the others', async () => {
    const outcomes: object[] = [];
    for (const counts of [[undefined], [2], [4], [4, 1, 2]]) {
      const folder = `full-${counts.join('-')}`;
      for (const [i, count] of counts.entries()) {
        const steps = counts.length === 1 ? 6 : 2 * (i + 1);
        expect(await run(inFull(folder, steps, count), { cwd })).toMatchObject({ code: 0 });
      }
      const { weights, metrics } = sharedOutcome(join(cwd, folder));
      outcomes.push({ weights, metrics });
    }
    for (const other of outcomes.slice(1)) expect(other).toEqual(outcomes[0]);
  });
});

describe.skipIf(withoutMpi || !soak)('a job that is disturbed', () => {
  it('saves after the step when the launcher is told to end, and another number goes on', async () => {
    const stopped = await disturbed('stopped', 'SIGTERM', (launcher) => launcher);
    expect(stopped.stderr).toMatch(/interrupted after step \d+; checkpoint .*stopped/);
    expect(stopped.code).toBe(75);
    const steps = stepsIn('stopped') + 2;
    for (const [folder, count] of [
      ['stopped', 4],
      ['unstopped', undefined],
    ] as const) {
      const { code } = await run(ofLength(folder, steps, count), { cwd });
      expect(code).toBe(0);
    }
    expect(sharedOutcome(join(cwd, 'stopped'))).toEqual(sharedOutcome(join(cwd, 'unstopped')));
  });

  it('names a rank that does not answer, and ends with 75', async () => {
    const env = { SELFJUDGE_RANK_TIMEOUT: '3' };
    const job = start(ofLength('hung', 40, 2), { cwd, env });
    await awaited(() => (stepsIn('hung') >= 3 ? true : undefined));
    process.kill(await awaited(() => processOf('hung', 1)), 'SIGSTOP');
    const { code, stderr } = await job.ended;
    expect(stderr).toContain(
      'error: rank 1: expected an answer within 3 s (SELFJUDGE_RANK_TIMEOUT), received none: it was stopped, or its machine is not reached',
    );
    expect(code).toBe(75);
  });
});

describe.skipIf(withoutMpi || !soak)('a job that cannot begin', () => {
  const refused = async (args: readonly string[], env?: Record<string, string>) => {
    const { code, stderr } = await run(args, { cwd, env });
    rmSync(join(cwd, 'refused'), { recursive: true, force: true });
    return { code, errors: stderr.split('\n').filter((line) => /^error|rank/.test(line)) };
  };

  it('says once that processes do not divide the slices', async () => {
    const { code, errors } = await refused(command('dpo', 'refused', 3));
    expect(errors).toEqual([
      'error: gradient_leaves: expected a power of two that is a multiple of the 3 processes, received 4',
    ]);
    expect(code).toBe(2);
  });

  it('says once what no process can find', async () => {
    const { code, errors } = await refused([...command('dpo', 'refused', 2), '-m', 'nowhere']);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^error: .*nowhere/);
    expect(code).not.toBe(0);
  });

  it('names the rank that has other files, and the one that has none', async () => {
    const other = Array.from({ length: 40 }, (_, i) => ({ prompt: `${i}?`, chosen: 'A.', rejected: 'B.' }));
    writeRows(cwd, 'other.jsonl', other);
    const node = join(cwd, 'node');
    /** Rank 1 reads another file beside. */
    const job = async (file: string) => {
      writeFileSync(
        node,
        `#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && set -- "$@" --dataset_name ${file}\nexec ${process.execPath} "$@"\n`,
      );
      chmodSync(node, 0o755);
      const { stderr } = await launchedByHand(2, node, command('dpo', 'refused'), cwd);
      rmSync(join(cwd, 'refused'), { recursive: true, force: true });
      return stderr.split('\n').filter((line) => /^error|rank 1/.test(line));
    };
    expect(await job('other.jsonl')).toEqual([
      expect.stringMatching(
        /^error: fingerprint of data: expected the same on all ranks; rank 0 has \w{32}, received \w{32} on rank 1$/,
      ),
    ]);
    expect(await job('missing.jsonl')).toEqual([
      expect.stringMatching(/^error: rank 1: expected all ranks ready to begin, received .*missing\.jsonl/),
    ]);
  });
});
