// Single ops against PyTorch on the same device, bf16: linear, log-probabilities with and without backward, tree
// attention against padded scaled_dot_product_attention.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Contender, interleave, summary } from '../harness.mjs';
import { opShapes } from './shapes.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** About this long a turn, so that a turn is well over the clock's and the launch's own time. */
const TURN_SECONDS = 0.1;

export async function run({ rounds, python, device }) {
  const probe = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  if (probe.status !== 0) return { skipped: `${python} has no torch (benchmarks/peers/requirements.txt)` };
  const ours = new Contender('ours', process.execPath, [here('ours.mjs'), device]);
  const peer = new Contender('peer', python, [here('../peers/ops.py'), device]);
  const results = [];
  let about = {};
  for (const { flops, ...work } of opShapes(device)) {
    const ask = { ...work, dtype: 'bf16', calls: 2 };
    const first = await Promise.all([ours, peer].map((side) => side.ask(ask)));
    ask.calls = Math.max(
      2,
      Math.min(500, Math.ceil(TURN_SECONDS / Math.max(...first.map((a) => a.seconds)))),
    );
    const [a, b] = await interleave([ours, peer], ask, { rounds });
    about = { path: a[0].path, device: a[0].device };
    const [mine, theirs] = [a, b].map((side) => summary(side.map(({ seconds }) => seconds * 1e3)));
    const result = {
      name: work.op,
      shape: work.shape,
      metric: 'time',
      unit: 'ms',
      ours: mine.median,
      peer: theirs.median,
      ours_min: mine.min,
      peer_min: theirs.min,
      peer_name: `PyTorch ${probe.stdout.trim()}`,
      ratio: theirs.median / mine.median,
      spread: summary(a.map((x, i) => b[i].seconds / x.seconds)).spread,
      ours_tflops: flops / mine.median / 1e9,
      ours_peak_mb: a[0].peak_mb,
      peer_peak_mb: b[0].peak_mb ?? undefined,
    };
    results.push(result);
    process.stderr.write(
      `${work.op} ${JSON.stringify(work.shape)}: ${mine.median.toPrecision(3)} ms, ${theirs.median.toPrecision(3)} ms, ${result.ratio.toFixed(2)}x\n`,
    );
  }
  await Promise.all([ours.close(), peer.close()]);
  return { versions: { torch: probe.stdout.trim(), ...about }, results };
}
