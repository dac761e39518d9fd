// How our time grows with a size, on random models and without a peer: the prompt, the answers to it, the principles of a
// judge, the width of the model; with one thread and with two on a CPU.
import { spawnSync } from 'node:child_process';
import { ours } from '../beside.mjs';
import { progress, result } from '../compare.mjs';
import { interleave } from '../harness.mjs';
import { assertKnown } from '../usage.mjs';
import { MODELS } from './models.mjs';

const SMALL = 'SmolLM2-135M';
const doubling = (from, to) => (from > to ? [] : [from, ...doubling(2 * from, to)]);

/** What is measured of each part, and the sizes; the models come last, so that each is made once. */
const PARTS = {
  prefill: {
    metric: 'prefill',
    works: doubling(64, 2048).map((tokens) => ({ model: SMALL, tokens })),
  },
  decode: {
    metric: 'decode step',
    works: doubling(1, 64).map((answers) => ({ model: SMALL, answers, prefix: 256, steps: 16 })),
  },
  judge: {
    metric: 'judge a pair',
    works: Array.from({ length: 8 }, (_, i) => ({
      model: SMALL,
      principles: i + 1,
      context: 96,
      answer: 128,
      tail: 24,
    })),
  },
  forward: {
    metric: 'forward of a step',
    works: Object.keys(MODELS).map((model) => ({ model, prompts: 2, context: 64, answer: 64 })),
  },
};

/** The CPUs that this process may use. */
function allowedCpus() {
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const ranges = stdout.trim().split(':').at(-1).split(',');
  return ranges.flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/** Who is asked for each number of threads: the thread pool has one for each CPU the process may use. */
function sides(device, beside) {
  const cpus = device === 'cpu' ? allowedCpus() : undefined;
  if (cpus === undefined) {
    if (device === 'cpu') process.stderr.write('1 and 2 threads: taskset (package util-linux) is missing\n');
    return [{ contenders: ours('scaling', [device], beside) }];
  }
  return [1, 2]
    .filter((threads) => threads <= cpus.length)
    .map((threads) => {
      const prefix = ['taskset', '-c', cpus.slice(0, threads).join()];
      return { threads, contenders: ours('scaling', [device], beside, prefix) };
    });
}

export async function run({ rounds, device, part, beside }) {
  if (part !== undefined) await assertKnown(part, Object.keys(PARTS), '--part: there is no part');
  const chosen = part === undefined ? Object.keys(PARTS) : [part];
  const all = sides(device, beside);
  const contenders = all.flatMap((side) => side.contenders);
  const results = [];
  let about;
  for (const name of chosen) {
    const { metric, works } = PARTS[name];
    for (const work of works) {
      const turns = await interleave(contenders, { part: name, ...work }, { rounds, onRound: progress });
      about = turns[0][0];
      const seconds = turns.map((answers) => answers.map((one) => one.seconds));
      all.forEach(({ threads }, i) => {
        const [mine, peer] = seconds.slice(i * (beside ? 2 : 1));
        const { steps: _, ...shape } = { ...work, width: MODELS[work.model].hiddenSize, dtype: 'bf16' };
        results.push(
          result({
            name: 'scaling',
            shape: threads === undefined ? shape : { ...shape, threads },
            metric,
            unit: 's',
            ours: mine,
            ...(beside && { peer, peerName: beside.name }),
          }),
        );
      });
    }
  }
  await Promise.all(contenders.map((contender) => contender.close()));
  return { versions: { path: about.path, device: about.device }, results };
}
