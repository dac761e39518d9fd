// Timing of single steps of `generate`, without the prefill before the first.
import { generate } from '../packages/engine/dist/index.js';

/**
 * Seconds of a decode step, on average over the steps after the first: the first also prefills.
 * @param count answers a prompt; all are in work from the first step to the last
 */
export async function secondsOfStep(view, prompts, { count, steps }) {
  const times = [];
  await generate(view, prompts, {
    count,
    maxNewTokens: steps + 1,
    maxBatch: prompts.length * count,
    topP: 0.9,
    eos: [],
    seed: 1,
    onProgress: () => times.push(performance.now()),
  });
  return (times.at(-1) - times[0]) / 1000 / steps;
}
