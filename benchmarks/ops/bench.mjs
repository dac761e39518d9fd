// Every op against the same in PyTorch on the same device, bf16 (the optimizer float32); tree attention against padded
// scaled_dot_product_attention. An op that PyTorch lacks, and every op where there is no PyTorch, is timed alone. On the CPU
// also as a share of what the machine can do at most: the bytes and operations that a call comes to by its contract, over what
// registers do and over reading as many bytes again and again, from the cache that holds them or from memory.
import { fileURLToPath } from 'node:url';
import { ours, theirs } from '../beside.mjs';
import { ceilings } from '../ceilings/build.mjs';
import { pythonPackages, result } from '../compare.mjs';
import { Contender, callsOfTurn, comparison, interleave, shapeText, summary } from '../harness.mjs';
import { assertKnown } from '../usage.mjs';
import { opBenches, opCalls } from './catalog.mjs';
import { workloads } from './models.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const milliseconds = ({ seconds }) => seconds * 1e3;

export async function run(options) {
  const { device, op } = options;
  const benches = await opBenches();
  if (op !== undefined) await assertKnown(op, Object.keys(benches).sort(), '--op: there is no op');
  const chosen = op === undefined ? benches : { [op]: benches[op] };
  const calls = workloads(device).flatMap((workload) => opCalls(chosen, workload));
  return measure(calls, options);
}

/** PyTorch, if there is one: how its ops are called `peer_name`s, and `ask` it. */
function pytorch(python, device) {
  const packages = pythonPackages(python, ['torch']);
  if (packages === undefined) {
    process.stderr.write(`${python} has no torch (benchmarks/peers/requirements.txt): ours alone\n`);
    return {};
  }
  const contender = new Contender('peer', python, [here('../peers/ops.py'), device]);
  return { torch: packages.torch, peer: { contender, name: `PyTorch ${packages.torch}` } };
}

/** The way of the peer that is fastest for a call: [name, what to ask with it]. */
async function fastestWay(peer, ask, ways) {
  let best = { seconds: Infinity };
  for (const [name, how] of Object.entries(ways)) {
    const { seconds } = await peer.contender.ask({ ...ask, ...how });
    if (seconds < best.seconds) best = { seconds, name, how };
  }
  return [best.name, best.how];
}

/** The share of the ceiling that bounds a call, round by round: of reading, or of registers. */
function shareOf(answers, ceiling) {
  const floors = ceiling.map(({ seconds, bytes, flops }, i) => ({
    read: (answers[i].bytes * seconds) / bytes,
    register: answers[i].flops && answers[i].flops / flops,
  }));
  const [read, register] = ['read', 'register'].map((by) => summary(floors.map((floor) => floor[by])).median);
  if (register === Infinity) return undefined; // nothing is known of this processor's registers
  const by = read > register ? 'read' : 'register';
  const rates = ceiling.map(({ seconds, bytes, flops }) => (by === 'read' ? bytes / seconds : flops));
  return {
    metric: `share of the ${by} ceiling`,
    unit: '1',
    ours: answers.map(({ seconds }, i) => floors[i][by] / seconds),
    ceiling: `${(summary(rates).median / 1e9).toPrecision(3)} ${by === 'read' ? 'GB/s' : 'GFLOP/s'}`,
  };
}

/**
 * Measures calls of the catalog. `peerWays`: ways of the peer to do the same, by name; the fastest is taken for each
 * call. `memory`: also a result of the memory over inputs and outputs.
 */
export async function measure(calls, options) {
  const { rounds, python, device, beside, peerWays = { '': {} }, memory = false } = options;
  let [mine, other] = ours('ops', [device], beside);
  const { torch, peer } = beside ? {} : pytorch(python, device);
  const machine = beside ? {} : ceilings(device);
  if (machine.missing) process.stderr.write(`${machine.missing}\n`);
  const results = [];
  const skipped = [];
  let about = {};
  for (const { flops, noPeer, ...work } of calls) {
    const ask = { ...work, dtype: 'bf16', calls: 2 };
    let rival;
    if (beside) {
      rival = { contender: other, name: beside.name };
      try {
        await other.ask(ask);
      } catch (error) {
        // An op that the other checkout does not have ends its process.
        const reason = error.message.split('\n').find((line) => /^\w*Error\b/.test(line));
        skipped.push(`${work.op}: ${beside.name}: ${reason ?? error.message}`);
        other = theirs(beside, 'ops', [device]);
        continue;
      }
    } else if (peer && noPeer === undefined) {
      const [way, how] = await fastestWay(peer, ask, peerWays);
      Object.assign(ask, how);
      rival = { contender: peer.contender, name: `${peer.name}${way && `, ${way}`}` };
    }
    const sides = [mine, ...(rival ? [rival.contender] : [])];
    ask.calls = await callsOfTurn(sides, ask);
    ask.bytes = (await mine.ask(ask)).bytes;
    const turns = await interleave([...sides, ...(machine.contender ? [machine.contender] : [])], ask, {
      rounds,
    });
    const [a, b] = [turns[0], rival && turns[1]];
    const { path, device: description, bytes, flops: counted, peak_mb } = a[0];
    about = { path, device: description };
    const what = { name: work.op, shape: work.shape };
    const times = { ours: a.map(milliseconds), peer: b?.map(milliseconds), peerName: rival?.name };
    const time = result({ ...what, metric: 'time', unit: 'ms', ...times });
    time.ours_gbs = bytes / time.ours / 1e6;
    time.ours_tflops = (flops ?? counted) / time.ours / 1e9 || undefined;
    time.ours_peak_mb = peak_mb;
    time.peer_peak_mb = b?.[0].peak_mb ?? undefined;
    results.push(time);
    const share = machine.contender && shareOf(a, turns.at(-1));
    if (share) results.push({ ...result({ ...what, ...share }), ceiling: share.ceiling });
    if (b && memory) {
      const metric = 'peak memory over inputs and outputs';
      const compared = comparison(a, b, ({ extra_mb }) => extra_mb);
      results.push({ ...what, metric, unit: 'MB', peer_name: rival.name, ...compared });
    }
    const against = b ? `${time.peer.toPrecision(3)} ms, ${time.ratio.toFixed(2)}x` : 'no peer';
    process.stderr.write(`${work.op} ${shapeText(work.shape)}: ${time.ours.toPrecision(3)} ms, ${against}\n`);
  }
  const all = [mine, other, peer?.contender, machine.contender];
  await Promise.all(all.filter(Boolean).map((side) => side.close()));
  return { versions: { torch, ...about }, results, skipped };
}
