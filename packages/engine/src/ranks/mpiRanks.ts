import { deserialize, serialize } from 'node:v8';
import { mpiBuild, openMpi, setWorkerLimit, workerCount, type NativeMpi } from '@selfjudge/native';
import { RankError } from '@selfjudge/base';
import { Device } from '../tensor/device.js';
import { launchedIn } from './launched.js';
import { ONE_RANK, type Ranks } from './ranks.js';
import { gpuOf, placeOfProcess, threadsOf } from './threads.js';

/** What a process ends with where the same command, started again, goes on: EX_TEMPFAIL of sysexits.h. */
export const TRY_AGAIN = 75;

/** Ranks of an MPI job, with what MPI says of them. */
export interface MpiRanks extends Ranks {
  /** Among the ranks of this machine. */
  readonly localRank: number;
  readonly library: string;
  /** See `endTogether`. */
  readonly endsTogether: boolean;
  /** Whether the first exchange was made; see `meet`. */
  met: boolean;
}

let opened: MpiRanks | undefined;

/** The ranks that `ranksOfProcess` opened, if it did. */
export const openedRanks = (): MpiRanks | undefined => opened;

/**
 * The ranks that this process is one of: those of its launcher, else itself alone. With several the first call opens MPI and
 * gives each rank its part of the processors and its GPU; MPI is closed, or the job ended, when the process exits.
 * @throws RankError where MPI cannot be used, and why
 */
export function ranksOfProcess(): Ranks {
  const launched = launchedIn();
  if (launched === undefined || launched.size === 1) return ONE_RANK;
  if (opened !== undefined) return opened;
  const { native, facts } = openLibrary();
  if (facts.size !== launched.size)
    throw new RankError({
      what: 'MPI',
      expected: `${launched.size} ranks, as its launcher says (${mpiBuild()?.mpirun} goes with this build; pnpm setup:mpi builds for the MPI on the PATH)`,
      received: `${facts.size} of ${facts.library}`,
    });
  opened = mpiRanks(native, facts, limitOf(process.env.SELFJUDGE_RANK_TIMEOUT));
  return opened;
}

function openLibrary() {
  try {
    const native = openMpi();
    return { native, facts: native.init() };
  } catch (error) {
    throw new RankError({
      what: 'MPI',
      expected: 'the module of ranks, in a process that mpirun or srun started (run: pnpm setup:mpi)',
      received: (error as Error).message.split('\n')[0],
    });
  }
}

const DEFAULT_LIMIT = 1800;

/** Seconds until a rank is given up. @throws RankError for what is no number of seconds */
function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new RankError({
    what: 'SELFJUDGE_RANK_TIMEOUT',
    expected: 'seconds above 0, after which a rank that does not answer ends the job',
    received: text,
  });
}

/** Bytes of what a rank that ends says in place of a value, which has more: its exit code. */
const FAREWELL = 1;

/** What another rank's end means to one that goes on: a job that was told to stop, or one whose ranks are not of one mind. */
function departure(rank: number, code: number): Error {
  if (code === TRY_AGAIN) return new DOMException(`rank ${rank} was told to stop`, 'AbortError');
  return new RankError({
    what: `rank ${rank}`,
    expected: 'to go on with the others',
    received: `its end with exit code ${code}`,
  });
}

function mpiRanks(native: NativeMpi, facts: ReturnType<NativeMpi['init']>, limit: number): MpiRanks {
  let together = false;
  let broken = false;
  let left = false;
  const guarded = <T>(use: () => T): T => {
    try {
      return use();
    } catch (error) {
      broken = true;
      const { message, silent } = error as Error & { silent?: number[] };
      throw new RankError({
        what: silent === undefined ? 'MPI' : `rank ${silent.join(', ')}`,
        expected: `an answer within ${limit} s (SELFJUDGE_RANK_TIMEOUT)`,
        received: silent === undefined ? message : 'none: it was stopped, or its machine is not reached',
      });
    }
  };
  const gather = <T>(own: T): T[] => {
    const all = guarded(() => native.gather(serialize(own), limit));
    const gone = all.findIndex(({ length }) => length === FAREWELL);
    if (gone < 0) return all.map((bytes) => deserialize(bytes) as T);
    left = together = true;
    throw departure(gone, all[gone][0]);
  };
  process.on('exit', (code) => {
    // A rank that ends alone leaves the others waiting: it takes them along.
    if (broken || (code !== 0 && !together)) return native.abort(code || TRY_AGAIN);
    try {
      if (!left) native.gather(Uint8Array.of(code), limit);
      native.leave(code);
    } catch {
      native.abort(TRY_AGAIN);
    }
  });
  const all = gather({ ...placeOfProcess(), time: Date.now() });
  setWorkerLimit(threadsOf(all, facts.rank, workerCount()));
  Device.chooseGpu(gpuOf(all, facts.rank));
  return {
    ...facts,
    now: () => new Date(all[0].time),
    met: false,
    gather,
    exchange: (values, peer) => guarded(() => native.exchange(values, peer, limit)),
    endTogether: () => void (together = true),
    get endsTogether() {
      return together;
    },
  };
}
