import { serialize } from 'node:v8';
import { cpuInfo, setWorkerLimit, workerCount } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '@selfjudge/engine';
import type { SamplingOptions } from '@selfjudge/engine';
import { Adapter } from '@selfjudge/engine';
import { LINEARS, type ModelConfig } from '@selfjudge/engine';
import { Model } from '@selfjudge/engine';
import type { ModelView } from '@selfjudge/engine';
import type { Device } from '@selfjudge/engine';
import type { StorageType } from './case.js';
import { eagerDecode } from './eagerDecode.js';
import { measure, type Path } from './measurePaths.js';
import { openPath } from './openPath.js';
import { Random } from './random.js';

const config: ModelConfig = {
  hiddenSize: 48,
  intermediateSize: 80,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 12,
  vocabSize: 101,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxPositions: 256,
  tieWordEmbeddings: true,
  eosTokenIds: [0],
};
const LONGEST_ANSWER = 24;

/** A length whose end is as often near a multiple of 64, where chunks of keys and blocks of pools end, as not. */
function cut(random: Random, most: number): number {
  const near = 64 * (1 + random.below(2)) - 3 + random.below(7);
  return Math.min(most, random.uniform() < 0.5 ? near : 1 + random.below(most));
}

function samplingOf(random: Random): SamplingOptions {
  return {
    maxNewTokens: 1 + random.below(LONGEST_ANSWER),
    seed: random.below(2 ** 31),
    temperature: [1, 0.7, 1.5, 0][random.below(4)],
    topK: [0, 7][random.below(2)],
    topP: [1, 0.9][random.below(2)],
    minP: [0, 0.02][random.below(2)],
  };
}

/** The same structure and the same bits. */
function expectSame(received: unknown, expected: unknown): void {
  if (!serialize(received).equals(serialize(expected))) expect(received).toEqual(expected);
}

async function adapterOf(model: Model): Promise<Adapter> {
  const adapter = Adapter.init(model, { r: 3, alpha: 6, dropout: 0, targetModules: [...LINEARS] }, 5);
  const set = adapter.makeTrainable();
  const random = new Random('adapter');
  set.load((await set.read()).map((x) => x + 0.1 * random.normal()));
  adapter.freeze();
  return adapter;
}

/** Samples the leaves of a random tree of three levels by decoding, then measures them in every company. */
async function compareTree(view: ModelView, random: Random, strangers: Path[]): Promise<void> {
  const ids = (count: number) => Array.from({ length: count }, () => 1 + random.below(100));
  const sampling = samplingOf(random);
  const trunk = ids(cut(random, 130));
  const prompts = Array.from({ length: 1 + random.below(3) }, () => {
    const room = config.maxPositions - LONGEST_ANSWER - trunk.length;
    return [...trunk, ...ids(cut(random, Math.min(room, 70)) - random.below(2))];
  });
  const count = 1 + random.below(3);
  const sample = () =>
    generate(view, prompts, {
      ...sampling,
      count,
      maxBatch: 1 + random.below(16),
      samplingLogprobs: true,
    });
  const samples = await sample();
  const paths = samples.flatMap((answers, p) =>
    answers.map((answer, i): Path => ({
      tokens: [...prompts[p], ...answer.tokens],
      answer: prompts[p].length,
      verdicts: [1 + random.below(50), 51 + random.below(50)],
      sequence: p * count + i,
    })),
  );
  const together = await measure(view, paths, sampling);

  // Decoded through the pool by Programs, and prefilled as a tree: the same ids and log-probabilities.
  for (const [i, answer] of samples.flat().entries()) {
    const { drawn, logp, samplingLogp } = together[i];
    expectSame(
      [drawn, logp.slice(0, -2), samplingLogp],
      [answer.tokens, answer.logprobs, answer.samplingLogprobs],
    );
  }
  // In any batch of answers.
  expectSame(await sample(), samples);
  for (const [i, path] of paths.entries()) {
    // Alone; and somewhere among others.
    const [alone] = await measure(view, [path], sampling);
    expectSame(alone, together[i]);
    const others = Array.from({ length: strangers.length && 1 + random.below(4) }, () => {
      return strangers[random.below(strangers.length)];
    });
    const at = random.below(others.length + 1);
    others.splice(at, 0, path);
    expectSame((await measure(view, others, sampling))[at], alone);
  }
  // One row after the other through a pool, without a Program, branching inside a block.
  const chosen = random.below(paths.length);
  const { answer, tokens } = paths[chosen];
  const eager = await eagerDecode(view, tokens, { from: answer, branch: 1 + random.below(answer - 1) });
  expectSame(eager, together[chosen].hidden);
  if (view.model.device.name === 'cpu') {
    setWorkerLimit(1);
    try {
      expectSame(await measure(view, paths, sampling), together);
      expectSame(await sample(), samples);
    } finally {
      setWorkerLimit(workerCount());
    }
  }
  strangers.push(...paths);
}

/**
 * `trees` random trees on one kernel path of the CPU or on the CUDA module: what is computed for an answer has the same
 * bits whatever else is computed beside it, decoded or prefilled, on one thread or on all.
 */
export function describeCompanions(path: string, trees: number): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`companions on ${path}`, () => {
    let device: Device;
    beforeAll(() => {
      device = openPath(path);
    });
    afterAll(() => device.close());

    for (const dtype of ['float32', 'bf16'] as StorageType[]) {
      it(
        `answers of random trees do not depend on their company, ${dtype}`,
        { timeout: 600_000 },
        async () => {
          const model = Model.init(config, { device, dtype, seed: 4 });
          const adapter = await adapterOf(model);
          const strangers: Path[] = [];
          const shim = device.path === 'simt'; // a thousand times slower
          for (let tree = 0; tree < (shim ? 1 : trees / 2); tree++) {
            const view = tree % 2 ? model.view([adapter]) : model.view();
            await compareTree(view, new Random(tree), strangers);
            strangers.splice(0, strangers.length - 30);
          }
          adapter.dispose();
          model.dispose();
          await device.sync();
          expect(device.memory().live).toBe(0);
        },
      );
    }
  });
}
