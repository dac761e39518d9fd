// How our time grows with a size, on random models and without a peer: the prompt, the answers to it, the principles of a
// judge, the width of the model; with one thread and with two on a CPU.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { progress, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { MODELS } from './models.mjs';

const ours = fileURLToPath(new URL('ours.mjs', import.meta.url));
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

/** The thread pool has a thread for each CPU the process may use. */
function sides(device) {
  const cpus = device === 'cpu' ? allowedCpus() : undefined;
  if (cpus === undefined) {
    if (device === 'cpu') process.stderr.write('1 and 2 threads: taskset (package util-linux) is missing\n');
    return [{ contender: new Contender('ours', process.execPath, [ours, device]) }];
  }
  return [1, 2]
    .filter((threads) => threads <= cpus.length)
    .map((threads) => {
      const command = ['-c', cpus.slice(0, threads).join(), process.execPath, ours, device];
      return { threads, contender: new Contender(`threads ${threads}`, 'taskset', command) };
    });
}

export async function run({ rounds, device, part }) {
  if (part !== undefined && !(part in PARTS))
    throw new Error(`--part: expected one of ${Object.keys(PARTS).join(', ')}, received ${part}`);
  const chosen = part === undefined ? Object.keys(PARTS) : [part];
  const all = sides(device);
  const results = [];
  let about;
  for (const name of chosen) {
    const { metric, works } = PARTS[name];
    for (const work of works) {
      const turns = await interleave(
        all.map(({ contender }) => contender),
        { part: name, ...work },
        { rounds, onRound: progress },
      );
      about = turns[0][0];
      turns.forEach((answers, i) => {
        const { threads } = all[i];
        const { steps: _, ...shape } = { ...work, width: MODELS[work.model].hiddenSize, dtype: 'bf16' };
        results.push(
          result({
            name: 'scaling',
            shape: threads === undefined ? shape : { ...shape, threads },
            metric,
            unit: 's',
            ours: answers.map(({ seconds }) => seconds),
          }),
        );
      });
    }
  }
  await Promise.all(all.map(({ contender }) => contender.close()));
  return { versions: { path: about.path, device: about.device }, results };
}
