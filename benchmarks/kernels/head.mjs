// The head: log-probabilities of labels against oneDNN's product and log-softmax on the CPU, and with the gradient of the
// hidden states (a frozen head) against cross_entropy in PyTorch; time, and memory over inputs and outputs.
import { comparison } from '../harness.mjs';
import { opBenches, opCalls } from '../ops/catalog.mjs';
import { measure as measureOps } from '../ops/bench.mjs';
import { workloads } from '../ops/models.mjs';
import { kernelSides, measure } from './onednn.mjs';

/** exp and log round: the sums of log-probabilities agree to this. */
const TOLERANCE = 1e-5;
const MEMORY = 'peak memory over inputs and outputs';

export async function run(options) {
  const { linearLogprob } = await opBenches();
  const calls = workloads(options.device).flatMap((workload) => opCalls({ linearLogprob }, workload));
  const parts = [
    await forward(
      calls.filter(({ op }) => op === 'linearLogprob'),
      options,
    ),
    await measureOps(
      calls.filter(({ op }) => op === 'linearLogprob+backward'),
      {
        ...options,
        peerWays: { 'float32 logits': { logits: 'float32' }, 'bf16 logits': { logits: 'bf16' } },
        memory: true,
      },
    ),
  ];
  const made = parts.filter(({ skipped }) => !skipped);
  return {
    skipped: parts.flatMap(({ skipped }) => skipped ?? []),
    versions: Object.assign({}, ...made.map(({ versions }) => versions)),
    results: made.flatMap(({ results }) => results),
  };
}

async function forward(calls, options) {
  const both = kernelSides(options);
  if (both.skipped) return { skipped: both.skipped };
  const works = calls.map(({ op, shape }) => ({ op, shape }));
  const { versions, peerName, measured } = await measure(both, works, {
    rounds: options.rounds,
    tolerance: TOLERANCE,
  });
  const results = measured.flatMap(({ work: { op, shape }, answers }) => {
    const what = { name: op, shape, peer_name: peerName };
    const times = comparison(...answers, ({ seconds }) => seconds * 1e3);
    const ours_tflops = (2 * shape.M * shape.N * shape.K) / times.ours / 1e9;
    return [
      { ...what, metric: 'time', unit: 'ms', ...times, ours_tflops },
      { ...what, metric: MEMORY, unit: 'MB', ...comparison(...answers, ({ extra_mb }) => extra_mb) },
    ];
  });
  return { versions, results };
}
