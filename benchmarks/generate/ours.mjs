// Sampling of ours, served line by line: the same work as benchmarks/peers/generate.py.
import { Device, Model, generate } from '../../packages/engine/dist/index.js';
import { serve, timed } from '../compare.mjs';

const device = Device.open(process.argv[3]);
const model = await Model.load(process.argv[2], { device, dtype: 'bf16' });

await serve(async ({ prompts, samples, new_tokens, top_p }) => {
  const options = { count: samples, maxNewTokens: new_tokens, temperature: 1, topP: top_p, eos: [], seed: 1 };
  const { seconds } = await timed(() => generate(model.view(), prompts, options));
  return { seconds, path: device.path, device: device.description };
});
