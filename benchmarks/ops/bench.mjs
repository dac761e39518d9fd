// Every op against the same in PyTorch on the same device, bf16 (the optimizer float32); tree attention against padded
// scaled_dot_product_attention. An op that PyTorch lacks is timed alone.
import { fileURLToPath } from 'node:url';
import { pythonPackages } from '../compare.mjs';
import { Contender, callsOfTurn, comparison, interleave, summary } from '../harness.mjs';
import { opBenches, opCalls } from './catalog.mjs';
import { workloads } from './models.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const milliseconds = ({ seconds }) => seconds * 1e3;

export async function run(options) {
  const { device, op } = options;
  const benches = await opBenches();
  if (op !== undefined && !(op in benches))
    throw new Error(`--op: expected one of ${Object.keys(benches).sort().join(', ')}, received ${op}`);
  const chosen = op === undefined ? benches : { [op]: benches[op] };
  const calls = workloads(device).flatMap((workload) => opCalls(chosen, workload));
  return measure(calls, options);
}

/**
 * Measures calls of the catalog. `peerWays`: ways of the peer to do the same, by name; the fastest is taken for each
 * call. `memory`: also a result of the memory over inputs and outputs.
 */
export async function measure(calls, { rounds, python, device, peerWays = { '': {} }, memory = false }) {
  const packages = pythonPackages(python, ['torch']);
  if (packages === undefined)
    return { skipped: `${python} has no torch (benchmarks/peers/requirements.txt)` };
  const { torch } = packages;
  const ours = new Contender('ours', process.execPath, [here('ours.mjs'), device]);
  const peer = new Contender('peer', python, [here('../peers/ops.py'), device]);
  const results = [];
  let about = {};
  for (const { flops, noPeer, ...work } of calls) {
    const sides = noPeer === undefined ? [ours, peer] : [ours];
    const ask = { ...work, dtype: 'bf16', calls: 2 };
    let way = '';
    if (noPeer === undefined) {
      const ways = {};
      for (const [name, how] of Object.entries(peerWays))
        ways[name] = (await peer.ask({ ...ask, ...how })).seconds;
      way = Object.keys(ways).reduce((best, name) => (ways[name] < ways[best] ? name : best));
      Object.assign(ask, peerWays[way]);
    }
    ask.calls = await callsOfTurn(sides, ask);
    const [a, b] = await interleave(sides, ask, { rounds });
    about = { path: a[0].path, device: a[0].device };
    const mine = summary(a.map(milliseconds));
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
    results.push(result);
    if (b) {
      const peer_name = `PyTorch ${torch}${way && `, ${way}`}`;
      const peer_peak_mb = b[0].peak_mb ?? undefined;
      Object.assign(result, comparison(a, b, milliseconds), { peer_name, peer_peak_mb });
      if (memory) {
        results.push({
          name: work.op,
          shape: work.shape,
          metric: 'peak memory over inputs and outputs',
          unit: 'MB',
          peer_name,
          ...comparison(a, b, ({ extra_mb }) => extra_mb),
        });
      }
    }
    const against = b ? `${result.peer.toPrecision(3)} ms, ${result.ratio.toFixed(2)}x` : 'no peer';
    process.stderr.write(
      `${work.op} ${JSON.stringify(work.shape)}: ${mine.median.toPrecision(3)} ms, ${against}\n`,
    );
  }
  await Promise.all([ours.close(), peer.close()]);
  return { versions: { torch, ...about }, results };
}
