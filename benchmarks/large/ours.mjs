// Ours, served line by line: a LoRA step or scores of long rows; the same work as benchmarks/peers/large.py.
import { Device, Model, scoreSequences } from '../../packages/engine/dist/index.js';
import {
  AdamW,
  jsftDefaults,
  loraTrainable,
  sftExample,
  supervisedBackward,
} from '../../packages/training/dist/index.js';
import { serve, timed } from '../compare.mjs';
import { peakMb, resetPeak } from '../peak.mjs';

const [folder, where] = process.argv.slice(2);
const MB = 2 ** 20;
const options = { ...jsftDefaults, lossNormalization: 'token', learningRate: 5e-6 };

await serve(async ({ rows, train }) => {
  const device = Device.open(where);
  const model = await Model.load(folder, { device, dtype: 'bf16' });
  const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] }));
  const longest = Math.max(...rows.map(({ length }) => length));
  device.resetPeak();
  await resetPeak();
  const { seconds, value: logprob } = await timed(() => (train ? step() : score()));
  return {
    seconds,
    peak_mb: device.name === 'cpu' ? peakMb() : device.memory().peak / MB,
    logprob,
    parameters: [...model.parameters()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0),
    path: device.path,
    device: device.description,
  };

  async function score() {
    const groups = sequences.map((sequence) => [sequence]);
    const [[sum]] = await scoreSequences(groups, model.view(), longest);
    return sum / (longest - 1);
  }

  async function step() {
    const lora = { r: 8, alpha: 16, dropout: 0, targetModules: ['q_proj', 'v_proj'] };
    const trainable = loraTrainable(model, lora, { seed: 0 });
    const optimizer = new AdamW(trainable.parameters, options);
    const examples = sequences.map((sequence, i) => sftExample(sequence, String(i)));
    const { loss } = await supervisedBackward(trainable.policy, examples, options, longest);
    await optimizer.step(options.learningRate);
    return -loss;
  }
});
