import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Ended } from './cli.js';
import { repository } from './scratchRepository.js';
import { outcome } from './outcome.js';

const build = join(repository, 'native/build/Release/selfjudge_mpi.json');

/** Where `pnpm setup:mpi` was not run, or its MPI is gone. */
export const withoutMpi =
  !existsSync(build) || !existsSync((JSON.parse(readFileSync(build, 'utf8')) as { mpirun: string }).mpirun);

if (withoutMpi) process.stderr.write('no MPI: tests of several processes are skipped (pnpm setup:mpi)\n');

/** What does not depend on how many processes a run had: the work of each is its own. */
export function sharedOutcome(folder: string) {
  const { metrics, ...rest } = outcome(folder);
  const isWork = (key: string) => /^(flops|bytes)\//.test(key);
  return {
    ...rest,
    metrics: metrics.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !isWork(key)))),
  };
}

/**
 * Runs the command line as ranks of an mpirun of the test's own.
 * @param node the program that each rank runs the command line with
 */
export function launchedByHand(
  count: number,
  node: string,
  args: readonly string[],
  cwd: string,
): Promise<Ended> {
  const { mpirun } = JSON.parse(readFileSync(build, 'utf8')) as { mpirun: string };
  const main = join(repository, 'packages/selfjudge/dist/cli/main.js');
  const root = ['OMPI', 'PRTE'].flatMap((of) =>
    ['', '_CONFIRM'].map((end) => `${of}_ALLOW_RUN_AS_ROOT${end}`),
  );
  const env = Object.fromEntries(root.map((name) => [name, '1']));
  return run([], {
    cwd,
    env,
    shell: `exec ${mpirun} --oversubscribe -n ${count} ${node} ${main} ${args.join(' ')}; :`,
  });
}
