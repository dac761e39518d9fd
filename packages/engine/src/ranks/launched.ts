import { RankError } from '@selfjudge/base';

/** What a launcher says to a process that it starts, before MPI is opened. */
export interface Launched {
  rank: number;
  size: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Of each launcher the variables that hold rank and size: Open MPI; MPICH, Intel MPI and Slurm's PMI-2; PMIx under Slurm. */
const LAUNCHERS = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'],
  ['PMI_RANK', 'PMI_SIZE'],
  ['PMIX_RANK', 'SLURM_STEP_NUM_TASKS'],
] as const;

/**
 * What launched this process as one of several; undefined where nobody did.
 * @throws RankError for tasks of Slurm that MPI knows nothing of, which would all train the same run, and for numbers that are none
 */
export function launchedIn(env: Environment = process.env): Launched | undefined {
  for (const [rankName, sizeName] of LAUNCHERS) {
    const [rank, size] = [env[rankName], env[sizeName]];
    if (rank === undefined || size === undefined) continue;
    const whole = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : NaN);
    if (whole(rank) < whole(size)) return { rank: whole(rank), size: whole(size) };
    throw new RankError({
      what: `${rankName} and ${sizeName}`,
      expected: 'a rank below the number of ranks, as a launcher sets them (or neither)',
      received: `${rank} and ${size}`,
    });
  }
  const { SLURM_STEP_NUM_TASKS: tasks = '1', SLURM_PROCID } = env;
  if (Number(tasks) > 1 && SLURM_PROCID !== undefined)
    throw new RankError({
      what: 'srun',
      expected: 'srun --mpi=pmix, which tells the tasks of each other (srun --mpi=list says what there is)',
      received: `${tasks} tasks without MPI, each of which would train the run alone`,
    });
  return undefined;
}
