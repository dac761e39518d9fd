// Every op against the same in PyTorch on the same device, bf16 (the optimizer float32); tree attention against padded
// scaled_dot_product_attention. An op that PyTorch lacks is timed alone.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Contender, interleave, summary } from '../harness.mjs';
import { opBenches, opCalls } from './catalog.mjs';
import { workloads } from './models.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** About this long a turn, so that a turn is well over the clock's and the launch's own time. */
const TURN_SECONDS = 0.1;

export async function run({ rounds, python, device, op }) {
  const probe = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  if (probe.status !== 0) return { skipped: `${python} has no torch (benchmarks/peers/requirements.txt)` };
  const benches = await opBenches();
  if (op !== undefined && !(op in benches))
    throw new Error(`--op: expected one of ${Object.keys(benches).sort().join(', ')}, received ${op}`);
  const chosen = op === undefined ? benches : { [op]: benches[op] };
  const calls = workloads(device).flatMap((workload) => opCalls(chosen, workload));
  const peerName = `PyTorch ${probe.stdout.trim()}`;
  const ours = new Contender('ours', process.execPath, [here('ours.mjs'), device]);
  const peer = new Contender('peer', python, [here('../peers/ops.py'), device]);
  const results = [];
  let about = {};
  for (const { flops, noPeer, ...work } of calls) {
    const sides = noPeer === undefined ? [ours, peer] : [ours];
    const ask = { ...work, dtype: 'bf16', calls: 2 };
    const first = await Promise.all(sides.map((side) => side.ask(ask)));
    ask.calls = Math.max(
      2,
      Math.min(500, Math.ceil(TURN_SECONDS / Math.max(...first.map((a) => a.seconds)))),
    );
    const [a, b] = await interleave(sides, ask, { rounds });
    about = { path: a[0].path, device: a[0].device };
    const [mine, theirs] = [a, b].map((side) => side && summary(side.map(({ seconds }) => seconds * 1e3)));
    const result = {
      name: work.op,
      shape: work.shape,
      metric: 'time',
      unit: 'ms',
      ours: mine.median,
      ours_min: mine.min,
      spread: mine.spread,
      ours_tflops: flops && flops / mine.median / 1e9,
      ours_peak_mb: a[0].peak_mb,
    };
    if (theirs) {
      Object.assign(result, {
        peer: theirs.median,
        peer_min: theirs.min,
        peer_name: peerName,
        ratio: theirs.median / mine.median,
        spread: summary(a.map((x, i) => b[i].seconds / x.seconds)).spread,
        peer_peak_mb: b[0].peak_mb ?? undefined,
      });
    }
    results.push(result);
    const against = theirs ? `${theirs.median.toPrecision(3)} ms, ${result.ratio.toFixed(2)}x` : 'no peer';
    process.stderr.write(
      `${work.op} ${JSON.stringify(work.shape)}: ${mine.median.toPrecision(3)} ms, ${against}\n`,
    );
  }
  await Promise.all([ours.close(), peer.close()]);
  return { versions: { torch: probe.stdout.trim(), ...about }, results };
}
