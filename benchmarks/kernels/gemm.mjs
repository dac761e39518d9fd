// The bf16 matrix product with a packed weight against oneDNN's with its own, on the shapes of SmolLM2-135M and one layer of
// a larger model; and how much of what the cores can do on registers alone it reaches.
import { ceilings } from '../ceilings/build.mjs';
import { comparison, interleave, summary } from '../harness.mjs';
import { kernelSides, measure } from './onednn.mjs';

const SHAPES = [
  [576, 576],
  [576, 1536],
  [1536, 576],
  [576, 49_152],
  [2048, 8192],
].flatMap(([K, N]) => [1, 8, 64, 512, 2048].filter((M) => N < 49_152 || M <= 512).map((M) => ({ M, N, K })));
/** Rows from which a product is bound by arithmetic, not by reading the weight. */
const MANY = 64;

const milliseconds = ({ seconds }) => seconds * 1e3;
const geometricMean = (values) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** Operations a second on registers, of some rounds; of none where there is no ceiling to ask for. */
async function registerCeiling({ contender }, rounds) {
  return contender
    ? (await interleave([contender], { bytes: 1 }, { rounds }))[0].map(({ flops }) => flops)
    : [];
}

export async function run(options) {
  const { rounds, device, beside } = options;
  const both = kernelSides(options);
  if (both.skipped) return { skipped: both.skipped };
  const machine = beside ? {} : ceilings(device);
  if (machine.missing) process.stderr.write(`${machine.missing}\n`);
  const ceilingBefore = await registerCeiling(machine, rounds);
  const works = SHAPES.map((shape) => ({ op: 'linear', shape }));
  const { versions, peerName, measured } = await measure(both, works, { rounds });
  const ceiling = summary([...ceilingBefore, ...(await registerCeiling(machine, rounds))]);
  await machine.contender?.close();

  const flops = ({ M, N, K }) => 2 * M * N * K;
  const results = measured.map(({ work: { shape }, answers }) => {
    const times = comparison(...answers, milliseconds);
    const ours_tflops = flops(shape) / times.ours / 1e9;
    return { name: 'gemm', shape, metric: 'time', unit: 'ms', peer_name: peerName, ...times, ours_tflops };
  });
  // Of each round, over all shapes, as if it were one piece of work.
  const rounded = [0, 1].map((side) =>
    Array.from({ length: rounds }, (_, round) => ({
      seconds: geometricMean(measured.map(({ answers }) => answers[side][round].seconds)),
    })),
  );
  results.push({
    name: 'gemm',
    shape: {},
    metric: 'geometric mean',
    unit: 'ms',
    peer_name: peerName,
    ...comparison(...rounded, milliseconds),
  });
  if (ceiling.max > 0) {
    const alone = (shape, metric, unit, ours, { spread, rounds }) =>
      results.push({ name: 'gemm', shape, metric, unit, ours, spread, rounds });
    alone({}, 'register ceiling of the machine', 'GFLOP/s', ceiling.max / 1e9, ceiling);
    for (const { work, answers } of measured.filter(({ work: { shape } }) => shape.M >= MANY)) {
      const share = summary(answers[0].map(({ seconds }) => flops(work.shape) / seconds / ceiling.max));
      alone(work.shape, 'share of the register ceiling', '1', share.median, share);
    }
  }
  return { versions, results };
}
