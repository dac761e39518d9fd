// Run by bench.mjs as one or several ranks: steps of SFT on made rows of SmolLM2-135M, all weights or an adapter.
// node training.mjs '{model, full, leaves, rows, tokens, steps}'; rank 0 prints what each rank says of itself.
import { Device, Model } from '../../packages/engine/dist/index.js';
import { ranksOfProcess } from '../../packages/engine/dist/internal.js';
import { AdamW, sftDefaults } from '../../packages/training/dist/index.js';
import {
  fullTrainable,
  leavesOf,
  loraTrainable,
  sftExample,
  supervisedBackward,
} from '../../packages/training/dist/internal.js';

const { model: path, full, leaves: count, rows, tokens, steps } = JSON.parse(process.argv[2]);
const ranks = ranksOfProcess();
const sent = { messages: 0, bytes: 0 };
const counted = {
  ...ranks,
  exchange: (values, peer) => {
    sent.messages++;
    sent.bytes += values.byteLength;
    return ranks.exchange(values, peer);
  },
};

const model = await Model.load(path, { dtype: 'bf16' });
const device = Device.open();
const lora = {
  r: 8,
  alpha: 16,
  dropout: 0,
  targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
};
const trainable = full ? fullTrainable(model) : loraTrainable(model, lora, { seed: 1 });
const before = device.memory().live;
const optimizer = new AdamW(trainable.parameters, sftDefaults, full ? counted : undefined);
const optimizerBytes = device.memory().live - before;
const leaves = leavesOf(trainable.parameters, count, counted);

/** Rows that differ and are the same on all ranks. */
const examples = Array.from({ length: rows }, (_, row) => {
  const ids = Array.from({ length: tokens }, (_, i) => 100 + ((row * 7919 + i * 104729) % 40000));
  return sftExample({ tokens: ids, targets: [[1, tokens]] }, `row ${row}`);
});
const losses = [];
let cpu = process.cpuUsage();
let start = performance.now();
device.resetPeak();
for (let step = 0; step <= steps; step++) {
  // The first step makes what the others find: it counts for the peak alone.
  if (step === 1) {
    cpu = process.cpuUsage();
    start = performance.now();
    Object.assign(sent, { messages: 0, bytes: 0 });
  }
  const { loss } = await supervisedBackward(
    trainable.policy,
    examples,
    sftDefaults,
    1024,
    undefined,
    undefined,
    leaves,
  );
  losses.push(loss);
  await optimizer.step(1e-4);
}
await device.sync();
const { user, system } = process.cpuUsage(cpu);
const own = {
  parameters: Object.values(trainable.parameters).reduce((sum, { size }) => sum + size, 0),
  optimizerBytes,
  beforeSteps: before,
  peak: device.memory().peak,
  messages: sent.messages / steps,
  bytes: sent.bytes / steps,
  cpuSeconds: (user + system) / 1e6 / steps,
  seconds: (performance.now() - start) / 1000 / steps,
  losses,
};
const all = ranks.gather(own);
if (ranks.rank === 0) process.stdout.write(`${JSON.stringify(all)}\n`);
