// Reward models trained and saved here, opened by transformers and PEFT (benchmarks/peers/reward_scores.py).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Model, TreeBatch } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { prepareReward, rewardDefaults, rewardTask, rewardTrainable, train } from '@selfjudge/training';
import { tinyLora, trainedAdapter } from '../packages/training/src/testing/tiny.js';
import { peerPython } from './support/peerPython.js';
import { pythonRewards } from './support/pythonRewards.js';

if (peerPython === undefined)
  console.log('skipped: PYTHON is not set (an interpreter with transformers and peft)');

const room = mkdtempSync(join(tmpdir(), 'selfjudge-reward-'));
afterAll(() => rmSync(room, { recursive: true }));

const rows = Array.from({ length: 8 }, (_, i) => ({
  id: `r${i}`,
  prompt: `Name ${i}?`,
  chosen: 'a'.repeat(2 + (i % 3)) + 'b',
  rejected: 'b'.repeat(2 + (i % 2)) + 'a'.repeat(i % 3),
}));

describe.skipIf(peerPython === undefined)('a reward model trained here, in Python', () => {
  it.each([
    ['all weights, tied', true, 'full', 'LlamaForSequenceClassification'],
    ['all weights, untied', false, 'full', 'LlamaForSequenceClassification'],
    ['an adapter', true, 'adapter', 'PeftModelForSequenceClassification'],
    ['an adapter on a frozen one', false, 'stacked', 'PeftModelForSequenceClassification'],
  ])('%s', async (name, tieWordEmbeddings, way, kind) => {
    const base = join(room, `base of ${name}`);
    const made = byteModel({ config: { tieWordEmbeddings } });
    await made.save(base);
    made.dispose();
    const model = await Model.load(base);
    const start = way === 'stacked' ? await trainedAdapter(model, 4) : undefined;
    const lora = way === 'full' ? undefined : tinyLora;
    const trainable = rewardTrainable(model, { seed: 5, lora, start });
    const { examples } = prepareReward(model.tokenizer!, rows, { maxLength: 100 });
    const learningRate = way === 'full' ? 1e-3 : 2e-2;
    const task = rewardTask(trainable, examples, { ...rewardDefaults, maxSteps: 5, learningRate });
    await train(task, { saveSteps: 0, saveTotalLimit: 0 });
    const saved = join(room, name);
    await trainable.save(saved);
    const { reward } = trainable;
    const pad = reward.padTokenId!;
    // Of a side that ends with the padding's id the token before it is read.
    const sequences = examples.flatMap(({ chosen, rejected }, i) => [
      i === 0 ? [...chosen, pad] : chosen,
      rejected,
    ]);
    const ours = await reward.score(TreeBatch.from(sequences.map((tokens) => reward.sequence(tokens))));
    const theirs = pythonRewards({
      rows: sequences,
      ...(way === 'full' ? { full: saved } : { base, adapter: saved, pad }),
    });
    expect(theirs).toMatchObject({ pad, kind });
    theirs.rewards.forEach((one, i) => expect(Math.abs(one - ours[i])).toBeLessThan(1e-4));
    expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.05);
    for (const part of [trainable, start, model]) part?.dispose();
  });
});
