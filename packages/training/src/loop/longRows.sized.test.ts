// Rows as long as contexts are: the same values as of the same rows one by one, in the memory that was said before.
import { rmSync } from 'node:fs';
import { Random } from '@selfjudge/base';
import type { Model, ModelConfig } from '@selfjudge/engine';
import { treeOf } from '@selfjudge/engine/internal';
import { soak } from '@selfjudge/testing/project';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterEach, describe, expect, it } from 'vitest';
import { accumulate } from '../losses/accumulate.js';
import { dpoDefaults } from '../methods/defaults.js';
import { dpoTask } from '../methods/dpo.js';
import { loraTrainable, type PreferenceTrainable } from '../optimizer/trainable.js';
import { bothAnswers, type TokenPair } from '../pairs/tokenPair.js';
import { newFolder, runIn } from '../testing/runs.js';
import { jitter, relativeError, takeGradient, tinyLora } from '../testing/tiny.js';
import { expectedMemory } from './expectedMemory.js';

/** Tokens of the longer row of the pair, which fills the context. */
const ROW = soak ? 32_768 : 8_192;

const scalings: [string, ModelConfig['ropeScaling']][] = [
  [
    'llama3',
    { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: ROW / 4 },
  ],
  [
    'yarn',
    {
      type: 'yarn',
      factor: 4,
      originalMaxPositions: ROW / 4,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 1.1386,
      truncate: true,
    },
  ],
  ['plain', undefined],
];

const random = new Random(3);
const ids = (n: number) => Array.from({ length: n }, () => random.below(250));
const prompt = ids(ROW - 24);
const pair: TokenPair = { id: 'long', prompt, chosen: { tokens: ids(24) }, rejected: { tokens: ids(17) } };
const options = { ...dpoDefaults, tokenBudget: 1024, maxSteps: 1, trainBatchSize: 1 };

let model: Model;
let trainable: PreferenceTrainable;
async function open(ropeScaling: ModelConfig['ropeScaling']) {
  const shape = { layers: 1, heads: 2, kvHeads: 1, headDim: 16 };
  model = byteModel({ config: { ...shape, maxPositions: ROW, ropeScaling } });
  model.source = 'tiny';
  trainable = loraTrainable(model, tinyLora, { seed: 5 });
  const { policy } = trainable.parameters;
  jitter(policy, await policy.read(), 6, 0.05);
}
afterEach(() => {
  trainable.dispose();
  model.dispose();
});

// Scalings differ in a table; rows of each take their time.
describe.each(soak ? scalings : scalings.slice(0, 1))(`a pair of ${ROW} tokens, %s`, (_, ropeScaling) => {
  it('has the values of its sequences alone: to the bit forward, within 1e-5 back', async () => {
    await open(ropeScaling);
    const { policy } = trainable.parameters;
    const sequences = bothAnswers(pair);
    const slopes = [-0.4, 0.3];
    const both = treeOf(sequences);
    const slopesOf = Float32Array.from(both.labels.sequence, (s) => slopes[s]);
    const shared = await accumulate(trainable.policy, both, slopesOf);
    const gradient = await takeGradient(policy);
    const alone: number[] = [];
    for (const [i, sequence] of sequences.entries())
      alone.push(
        ...(await accumulate(trainable.policy, treeOf([sequence]), (logp) => logp.map(() => slopes[i]))),
      );
    expect(Array.from(shared)).toEqual(alone);
    expect(relativeError(gradient, await takeGradient(policy))).toBeLessThan(1e-5);
  });

  it('trains in the memory that is said before', async () => {
    await open(ropeScaling);
    const task = await dpoTask(trainable, [pair], options);
    const { peak } = await expectedMemory(trainable, task.workload!, task.order);
    model.device.resetPeak();
    const folder = newFolder();
    await runIn(folder, task);
    rmSync(folder, { recursive: true });
    const taken = model.device.memory().peak;
    process.stdout.write(`${ROW} tokens: ${taken} bytes at the peak, ${Math.ceil(peak)} said before\n`);
    expect(taken).toBeLessThanOrEqual(peak);
    expect(taken).toBeGreaterThan(0.9 * peak);
  });
});
