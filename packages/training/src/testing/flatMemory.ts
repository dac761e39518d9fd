import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Device } from '@selfjudge/engine';
import { expect } from 'vitest';
import { AdamW } from '../optimizer/adamw.js';
import { selfTrainingDefaults } from '../methods/defaults.js';
import { selfTrainingStep } from '../methods/selfTraining.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from './tiny.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Self-training of `steps` tiny steps: from a quarter on, live bytes stay to the byte; the second half adds no 2% to RSS. */
export async function expectFlatMemory(device: Device, steps: number): Promise<void> {
  const model = tinyModel();
  const start = await trainedAdapter(model, 4);
  const options = {
    ...selfTrainingDefaults,
    learningRate: 1e-4,
    trainBatchSize: 2,
    maxNewTokens: 6,
    topP: 1,
    missingEos: 'keep' as const,
  };
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const optimizer = new AdamW(trainable.parameters, options);
  const run = { trainable, judge: hashJudge, tokenizer: model.tokenizer!, optimizer, options };
  const prompts = tinyPrompts(model, 2);
  const measured = async () => {
    await device.sync();
    collect();
    return { live: device.memory().live, rss: process.memoryUsage.rss() };
  };
  // The least of many moments: what the collector has not come to yet goes up and down.
  const least = { early: Infinity, late: Infinity };
  let live: number | undefined;
  for (let step = 1; step <= steps; step++) {
    await selfTrainingStep(prompts, run, { step, learningRate: 1e-4 });
    const part = step <= steps / 4 ? undefined : step <= steps / 2 ? 'early' : 'late';
    if (part === undefined || step % Math.ceil(steps / 50) !== 0) continue;
    const now = await measured();
    live ??= now.live;
    expect(now.live, `after step ${step}`).toBe(live);
    least[part] = Math.min(least[part], now.rss);
  }
  expect(least.late / least.early).toBeLessThan(1.02);
  optimizer.dispose();
  trainable.dispose();
  start.dispose();
  model.dispose();
}
