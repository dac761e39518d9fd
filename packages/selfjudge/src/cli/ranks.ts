import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, RankError } from '@selfjudge/base';
import { launchedIn, mpiBuild } from '@selfjudge/engine/internal';
import { EXIT } from './exit.js';

/** The job that this command was run as has ended: there is nothing left to do. */
export class JobEnded extends Error {
  constructor(readonly code: number) {
    super(`the job ended with ${code}`);
  }
}

/**
 * Runs this command again as N ranks of mpirun, where N is asked for and nobody launched it yet.
 * @param asked the value of --num_processes
 * @param work.keeps whether the verb writes checkpoints, which the same command goes on from
 * @returns the exit code of the job; undefined where this process is to do the work
 * @throws ConfigError for no number of processes, and for another number than its launcher started; RankError without an MPI
 */
export async function launchRanks(
  asked: string | undefined,
  { keeps }: { keeps: boolean },
): Promise<number | undefined> {
  if (asked === undefined) return undefined;
  const key = 'num_processes';
  if (!/^[1-9]\d{0,4}$/.test(asked))
    throw new ConfigError({ key, expected: 'a whole number of processes from 1', received: asked });
  const launched = launchedIn();
  if (launched !== undefined) {
    if (launched.size === Number(asked)) return undefined;
    throw new ConfigError({
      key,
      expected: `${launched.size}, as the launcher of this process started (or leave it out)`,
      received: asked,
    });
  }
  const { mpirun } = requireMpi();
  const child = spawn(mpirun, [...ranksOf(Number(asked)), ...process.argv.slice(1)], {
    // A session of its own: Ctrl-C in the terminal would have mpirun kill the ranks before they have saved.
    detached: true,
    stdio: 'inherit',
    env: launchEnvironment(),
  });
  const stop = stopper((signal) => child.kill(signal));
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGUSR1', stop);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(jobCode(code, signal, keeps)));
    });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGUSR1', stop);
  }
}

/** The first signal asks the ranks to save after the step under way, the second ends them. */
function stopper(kill: (signal: NodeJS.Signals) => void): () => void {
  let asked = false;
  return () => {
    // mpirun hands SIGUSR1 on to its ranks.
    kill(asked ? 'SIGTERM' : 'SIGUSR1');
    asked = true;
  };
}

/** What a shell and mpirun make of the signals that end a process from outside. */
const KILLED: Readonly<Record<number, string>> = { 137: 'SIGKILL', 143: 'SIGTERM' };

/** mpirun's exit code as this command's own: a rank that was killed by hand or by the system is no fault of the command. */
function jobCode(code: number | null, signal: NodeJS.Signals | null, keeps: boolean): number {
  const ended = signal ?? KILLED[code ?? 0];
  if (ended === undefined) return code ?? EXIT.failed;
  const onward = keeps ? 'goes on from the newest checkpoint' : 'goes on after the rows that are kept';
  process.stderr.write(`error: a process of the job was ended by ${ended}; the same command ${onward}\n`);
  return EXIT.again;
}

const ranksOf = (count: number): string[] => ['-n', String(count), process.execPath, ...process.execArgv];

/**
 * What a job on one machine is launched with: ranks share out the processors themselves, also where there are fewer of them, and
 * in a container the user is root, which Open MPI refuses unless told twice.
 */
function launchEnvironment(): NodeJS.ProcessEnv {
  const root = Object.fromEntries(
    ['OMPI', 'PRTE'].flatMap((of) => [
      [`${of}_ALLOW_RUN_AS_ROOT`, '1'],
      [`${of}_ALLOW_RUN_AS_ROOT_CONFIRM`, '1'],
    ]),
  );
  return {
    PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
    PRTE_MCA_hwloc_default_binding_policy: 'none',
    OMPI_MCA_rmaps_base_oversubscribe: '1',
    OMPI_MCA_hwloc_base_binding_policy: 'none',
    ...(process.getuid?.() === 0 && root),
    ...process.env,
  };
}

/** @throws RankError where no module of ranks was built, or its launcher is gone */
function requireMpi(): { mpirun: string; version: string } {
  const build = mpiBuild();
  if (build !== undefined && existsSync(build.mpirun)) return build;
  throw new RankError({
    what: 'num_processes',
    expected: 'an MPI to start processes with (run: pnpm setup:mpi)',
    received: build === undefined ? 'none' : `${build.mpirun}, which is gone`,
  });
}

/** Which MPI there is, and whether two ranks reach each other by it; without one, what to do. */
export function mpiText(): string {
  try {
    const { mpirun, version } = requireMpi();
    const trial = fileURLToPath(new URL('./rankTrial.js', import.meta.url));
    const { status, stdout, stderr, error } = spawnSync(mpirun, [...ranksOf(2), trial], {
      env: launchEnvironment(),
      encoding: 'utf8',
      timeout: 60_000,
    });
    const told = `${version} (${mpirun})`;
    if (status === 0) return `${told}; ${stdout.trim()}`;
    const words = (error?.message ?? stderr).split('\n').filter((line) => /\w/.test(line));
    return `${told}, which fails: ${words.slice(0, 3).join(' ')}`;
  } catch (error) {
    return `not usable: ${String((error as RankError).details.received)} (pnpm setup:mpi, for --num_processes)`;
  }
}
