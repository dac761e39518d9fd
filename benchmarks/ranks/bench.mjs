// Ranks on this machine: an exchange beside MPI_Sendrecv of the same MPI; bytes, messages and memory of steps that train all weights at
// 1, 2 and 4 ranks; what eight slices cost over one at one rank. Times of steps are the processor's own: ranks share its cores.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realModel } from '../../scripts/realModel.mjs';
import { result } from '../compare.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const BUILD = here('../../native/build/Release/selfjudge_mpi.json');
const SIZES = [4, 1 << 16, 1 << 20, 1 << 22, 1 << 24];
const ROOT = ['OMPI', 'PRTE'].flatMap((of) =>
  ['', '_CONFIRM'].map((end) => [`${of}_ALLOW_RUN_AS_ROOT${end}`, '1']),
);

/** The JSON that a program prints as ranks. */
function launched(mpirun, count, command) {
  const env = { ...process.env, ...Object.fromEntries(ROOT) };
  const job = ['--oversubscribe', '--bind-to', 'none', '-n', String(count), ...command];
  const { status, stdout, stderr } = spawnSync(mpirun, job, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Ours and MPI's own in turns. */
function exchanges(mpirun, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-ranks-'));
  try {
    const program = join(folder, 'sendrecv');
    const built = spawnSync(join(dirname(mpirun), 'mpicxx'), ['-O2', here('sendrecv.cpp'), '-o', program], {
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(built.stderr);
    const args = ['9', ...SIZES.map(String)];
    const turns = Array.from({ length: rounds }, () => ({
      ours: launched(mpirun, 2, [process.execPath, here('exchange.mjs'), ...args]),
      peer: launched(mpirun, 2, [program, ...args]),
    }));
    return SIZES.map((bytes) => {
      const of = (side) => turns.map((turn) => 1e6 * turn[side].seconds[bytes]);
      const about = { name: 'ranks', shape: { bytes }, metric: 'exchange', unit: 'us' };
      return result({ ...about, ours: of('ours'), peer: of('peer'), peerName: 'MPI_Sendrecv' });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const UNITS = { optimizerBytes: 'bytes', peak: 'bytes', bytes: 'bytes', messages: '', cpuSeconds: 's' };
const METRICS = {
  optimizerBytes: "optimizer's bytes a rank",
  peak: 'device bytes a rank at most',
  bytes: 'bytes a rank sends a step',
  messages: 'messages a rank sends a step',
  cpuSeconds: "processor's time of a step, all ranks",
};

/** What a rank holds and sends: the same on all ranks, but for memory, of which the largest counts. */
function training(mpirun, model, { full, leaves, rows, tokens, steps }, count) {
  const work = { model, full, leaves, rows, tokens, steps };
  const all = launched(mpirun, count, [process.execPath, here('training.mjs'), JSON.stringify(work)]);
  const of = (key) => all.map((rank) => rank[key]);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const measured = {
    optimizerBytes: Math.max(...of('optimizerBytes')),
    peak: Math.max(...of('peak')),
    bytes: sum(of('bytes')) / count,
    messages: sum(of('messages')) / count,
    cpuSeconds: sum(of('cpuSeconds')),
  };
  return { measured, parameters: all[0].parameters, losses: all[0].losses };
}

export async function run({ rounds = 3 }) {
  if (!existsSync(BUILD)) return { skipped: 'no MPI (pnpm setup:mpi)' };
  const { mpirun, version } = JSON.parse(readFileSync(BUILD, 'utf8'));
  const results = exchanges(mpirun, rounds);
  const { path, missing } = realModel();
  if (missing !== undefined) return { versions: { mpi: version }, results, skipped: missing };
  const losses = [];
  const inFull = { full: true, leaves: 4, rows: 8, tokens: 32, steps: 1 };
  for (const ranks of [1, 2, 4]) {
    const { measured, parameters, losses: own } = training(mpirun, path, inFull, ranks);
    losses.push(JSON.stringify(own));
    for (const [key, value] of Object.entries(measured)) {
      const shape = { trained: 'all weights', parameters, slices: inFull.leaves, ranks };
      results.push(result({ name: 'ranks', shape, metric: METRICS[key], unit: UNITS[key], ours: [value] }));
    }
  }
  if (new Set(losses).size !== 1)
    throw new Error(`losses differ between 1, 2 and 4 ranks: ${losses.join(' ')}`);
  const adapter = { full: false, rows: 16, tokens: 48, steps: 1 };
  const turns = Array.from({ length: rounds }, () =>
    [8, 1].map((leaves) => training(mpirun, path, { ...adapter, leaves }, 1).measured.cpuSeconds),
  );
  results.push(
    result({
      name: 'ranks',
      shape: { trained: 'adapter', rows: adapter.rows, ranks: 1 },
      metric: "processor's time of a step of 8 slices",
      unit: 's',
      ours: turns.map(([eight]) => eight),
      peer: turns.map(([, one]) => one),
      peerName: 'one slice',
    }),
  );
  return { versions: { mpi: version }, results };
}
