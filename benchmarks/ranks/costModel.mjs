// node benchmarks/ranks/costModel.mjs: what a step takes of 1, 4, 16 and 64 ranks, 135M to 70B, an adapter or all weights, as Markdown for
// docs/scaling.md. Memory follows from what is held and is measured by `pnpm bench ranks`; the rates of machines are assumptions, named.

/** bf16 weights with float32 masters, gradients, sums of slices and moments, as the optimizer and the slices hold them. */
const BYTES = { weight: 2, master: 4, gradient: 4, sum: 4, moments: 8 };

/** Parameters of the model and of LoRA of rank 16 on all linear layers. */
const MODELS = [
  { name: '135M', all: 135e6, adapter: 4.9e6 },
  { name: '1.2B', all: 1.24e9, adapter: 11.3e6 },
  { name: '8B', all: 8.03e9, adapter: 41.9e6 },
  { name: '70B', all: 70.6e9, adapter: 207e6 },
];
const RANKS = [1, 4, 16, 64];

/** Not measured: a device of 141 GB, what its kernels reach in training, and the slowest way between two ranks. */
const ASSUMED = { deviceBytes: 141e9, flops: 250e12, exchange: 10e9, tokens: 65536 };

/** Slices: at least one a rank, eight by default. */
const slicesOf = (ranks) => Math.max(8, ranks);

/**
 * Bytes that a rank holds before the first step and in it, without activations, which `--dry_run` tells.
 * @param trained parameters that are trained; all of them when the model is trained in whole
 */
function memoryOf({ all, trained, ranks, slices = slicesOf(ranks) }) {
  // Of an adapter each rank has all moments.
  const moments = (BYTES.moments * trained) / (trained === all ? ranks : 1);
  const sums = Math.log2(slices / ranks) + 1;
  return BYTES.weight * all + (BYTES.master + BYTES.gradient + BYTES.sum * sums) * trained + moments;
}

/** Bytes that a rank sends in a step: the gradient log2 N times; of all weights also the values of its shard onwards. */
function bytesOf({ all, trained, ranks }) {
  const values = trained === all ? (4 * trained * (ranks - 1)) / ranks : 0;
  return 4 * trained * Math.log2(ranks) + values;
}

/** Seconds of a step of so many tokens: three passes over the weights, of an adapter two, and what is sent. */
function secondsOf(of) {
  const { all, trained, ranks } = of;
  const passes = trained === all ? 6 : 4;
  return {
    compute: (passes * all * ASSUMED.tokens) / ASSUMED.flops / ranks,
    exchange: bytesOf(of) / ASSUMED.exchange,
  };
}

const size = (bytes) =>
  bytes >= 1e12 ? `${(bytes / 1e12).toFixed(1)} TB` : `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0)} GB`;
const time = (s) => (s >= 0.95 ? `${s.toPrecision(3)} s` : `${Math.round(1000 * s)} ms`);

function table() {
  const head = ['model', 'ranks', 'memory a rank', 'sent a rank a step', 'compute', 'exchange', ''];
  const rows = MODELS.flatMap(({ name, all, adapter }) =>
    [adapter, all].flatMap((trained) =>
      RANKS.map((ranks) => {
        const of = { all, trained, ranks };
        const [memory, { compute, exchange }] = [memoryOf(of), secondsOf(of)];
        const fits = memory < ASSUMED.deviceBytes;
        const word = !fits ? 'does not fit' : exchange > compute ? 'the exchange is longer' : '';
        const what = `${name}, ${trained === all ? 'all weights' : 'LoRA r 16'}`;
        return [what, ranks, size(memory), size(bytesOf(of)), time(compute), time(exchange), word];
      }),
    ),
  );
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

process.stdout.write(`${table()}\n`);
