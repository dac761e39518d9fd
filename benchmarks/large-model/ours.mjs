// Ours, served line by line: open, score, one LoRA step, save; the same work as benchmarks/peers/large_model.py.
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
const TOKEN_BUDGET = 1024;
const MB = 2 ** 20;
const options = { ...jsftDefaults, lossNormalization: 'token', learningRate: 5e-6 };

await serve(async ({ rows, out }) => {
  const device = Device.open(where);
  const phases = {};
  // On the CPU of the process; on a GPU of device memory, as the peer reports it.
  const peak = () => (device.name === 'cpu' ? peakMb() : device.memory().peak / MB);
  const phase = async (name, fn) => {
    device.resetPeak();
    await resetPeak();
    const before = peak();
    const { seconds, value } = await timed(fn);
    phases[name] = { seconds, peak_mb: peak(), grown_mb: peak() - before };
    return value;
  };

  const model = await phase('open', () => Model.load(folder, { device, dtype: 'bf16' }));
  phases.open.held_mb = device.memory().live / MB;
  const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] }));
  const labels = rows.reduce((sum, tokens) => sum + tokens.length - 1, 0);
  const sums = await phase('score', () =>
    scoreSequences(
      sequences.map((sequence) => [sequence]),
      model.view(),
      TOKEN_BUDGET,
    ),
  );
  const lora = { r: 8, alpha: 16, dropout: 0, targetModules: ['q_proj', 'v_proj'] };
  const trainable = loraTrainable(model, lora, { seed: 0 });
  const optimizer = new AdamW(trainable.parameters, options);
  const { loss } = await phase('train', async () => {
    const examples = sequences.map((sequence, i) => sftExample(sequence, String(i)));
    const metrics = await supervisedBackward(trainable.policy, examples, options, TOKEN_BUDGET);
    await optimizer.step(options.learningRate);
    return metrics;
  });
  await phase('save', () => trainable.save(out));
  return {
    phases,
    logprob: sums.flat().reduce((a, b) => a + b, 0) / labels,
    loss,
    parameters: [...model.parameters()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0),
    path: device.path,
    device: device.description,
  };
});
