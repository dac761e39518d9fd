// What a step of self-training does to the process it runs in: the delay of its event loop, and its resident memory.
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { loadJudgeTemplate, TokenJudge } from '@selfjudge/judging';
import {
  AdamW,
  loraTrainable,
  preparePrompts,
  selfTrainingDefaults,
  selfTrainingStep,
} from '@selfjudge/training';
import { figure, loadReal, weights } from './real.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const bytesOf = (field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;

/** Until the process has given back what reading the weights left behind: its sweeper runs beside us. */
async function settle(): Promise<void> {
  for (let before = Infinity, again = 0; again < 5; again++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = bytesOf('VmRSS');
    if (now < before - 2 ** 20) again = 0;
    before = now;
  }
}

it.skipIf(weights === '' || process.platform !== 'linux')(
  'a step leaves the event loop free, and takes the memory it says',
  async () => {
    const model = await loadReal();
    const { device, tokenizer } = model;
    const options = {
      ...selfTrainingDefaults,
      trainBatchSize: 4,
      maxNewTokens: 24,
      topP: 1,
      missingEos: 'keep' as const,
    };
    const lora = { r: 8, alpha: 16, dropout: 0, targetModules: ['q_proj' as const, 'v_proj' as const] };
    const trainable = loraTrainable(model, lora, { seed: 5 });
    const optimizer = new AdamW(trainable.parameters, options);
    const questions = ['Name a river.', 'What is tea?', 'Say hello.', 'Why is the sky blue?'];
    const rows = questions.map((prompt, i) => ({ id: `${i}`, prompt }));
    const prompts = preparePrompts(tokenizer!, rows, { maxPromptLength: 100 }).examples;
    const judge = new TokenJudge(trainable.reference, tokenizer!, loadJudgeTemplate('plain'));
    const run = { trainable, judge, tokenizer: tokenizer!, optimizer, options };

    await device.sync();
    await settle();
    writeFileSync('/proc/self/clear_refs', '5'); // VmHWM counts from here
    device.resetPeak();
    const before = device.memory();
    const host = bytesOf('VmRSS') - before.live - before.cached;
    // Whatever else the machine does delays the loop too: the best of three counts.
    let p99 = Infinity;
    for (let step = 1; step <= 3; step++) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await selfTrainingStep(prompts, run, { step, learningRate: 1e-4 });
      delay.disable();
      p99 = Math.min(p99, delay.percentile(99) / 1e6);
    }
    figure('event-loop delay, p99, ms', p99);
    // A step on a GPU is shorter than what it takes to ask for it: there the loop waits for the asking of one tree.
    expect(p99).toBeLessThan(device.name === 'cpu' ? 5 : 25);
    if (device.name === 'cpu') {
      const { peak } = device.memory();
      const resident = bytesOf('VmHWM') - host;
      figure('resident beyond the peak, share', resident / peak - 1);
      expect(resident).toBeGreaterThan(0.95 * peak);
      expect(resident).toBeLessThan(1.05 * peak);
    }
    optimizer.dispose();
    trainable.dispose();
    model.dispose();
  },
);
