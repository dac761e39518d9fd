// The Slurm script of examples/hosting with stand-ins for what a cluster has: what it runs, and when it asks to be queued again.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { temporaryFolder } from './support/cli.js';
import { repository } from './support/scratchRepository.js';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const script = join(repository, 'examples/hosting/slurm.sbatch');

/** Runs the script where the job ends with a code. */
function ended(code: number) {
  const program = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const [asked, queued] = [join(folder, 'asked'), join(folder, 'queued')];
  for (const path of [asked, queued]) rmSync(path, { force: true });
  program('srun', `for word in "$@"; do echo "$word"; done > ${asked}; exit ${code}`);
  program('scontrol', `echo "$@" > ${queued}`);
  const { status } = spawnSync('bash', [script, 'dpo', '--config', 'a file.yaml'], {
    env: { PATH: `${folder}:${process.env.PATH}`, SLURM_JOB_ID: '17' },
  });
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined);
  return { status, asked: read(asked)?.split('\n'), queued: read(queued) };
}

it('runs the command by srun as it was given, and is queued again after a stop alone', () => {
  const asked = ['--mpi=pmix', '--kill-on-bad-exit=1', 'selfjudge', 'dpo', '--config', 'a file.yaml'];
  expect(ended(75)).toEqual({ status: 75, asked, queued: 'requeue 17' });
  expect(ended(1)).toEqual({ status: 1, asked, queued: undefined });
  expect(ended(0)).toEqual({ status: 0, asked, queued: undefined });
});

it('has Slurm tell the processes before it ends them', () => {
  const options = readFileSync(script, 'utf8').match(/^#SBATCH .*$/gm);
  expect(options).toEqual(expect.arrayContaining(['#SBATCH --signal=USR1@300', '#SBATCH --requeue']));
});
