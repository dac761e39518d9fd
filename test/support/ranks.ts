import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
