// node bitsProgram.mjs PATH [WORKERS]: trains by every method and answers 200 requests on one kernel path, on WORKERS
// workers at most, and prints hashes of what that leaves as JSON. A process of its own, as a process has one kernel path.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setWorkerLimit } from '../../native/index.mjs';
import { Random } from '../../packages/base/dist/index.js';
import { Device, generate } from '../../packages/engine/dist/index.js';
import { dpo, jsft, loadModel, selfTrain, sft } from '../../packages/selfjudge/dist/index.js';
import { DATA, runHashes, sha256 } from './bits.mjs';

const [path, workers] = process.argv.slice(2);
const MODEL = join(DATA, 'model');
const rows = readFileSync(join(DATA, 'pairs.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((row) => JSON.parse(row));

/** Every method once: LoRA with dropout, an adapter on an adapter, all weights; float32 and bf16. */
async function trainingBits(folder) {
  const run = (name) => join(folder, name);
  const common = { maxSteps: 6, trainBatchSize: 4, learningRate: 1e-2, tokenBudget: 1024, saveSteps: 4 };
  const lora = { r: 4, alpha: 8, dropout: 0.2 };
  const asked = { prompts: rows, dev: rows.slice(0, 6), evalSteps: 2, maxKl: 1000, seed: 6 };
  const sampled = { ...asked, maxNewTokens: 12, missingEos: 'keep', learningRate: 3e-3 };
  const all = { dataset: rows, fullFinetuning: true };
  const methods = {
    sft: ['float32', MODEL, sft, { dataset: rows, lora }],
    'sft of all weights': ['bf16', MODEL, sft, { ...all, weightDecay: 0.1 }],
    jsft: ['bf16', MODEL, jsft, { dataset: rows, lora, judgeBatchSize: 4 }],
    dpo: ['float32', run('sft'), dpo, { dataset: rows, lora }],
    'dpo of all weights': ['float32', MODEL, dpo, { ...all, lossType: 'ipo' }],
    'self-train': ['bf16', run('jsft'), selfTrain, { ...sampled, lora }],
  };
  const bits = {};
  for (const [name, [dtype, start, train, settings]] of Object.entries(methods)) {
    const opened = await loadModel(start, { device: 'cpu', dtype });
    const outputDir = run(name);
    const { status, step, bestStep } = await train(opened, { ...common, ...settings, outputDir });
    opened.dispose();
    // The start, when it is kept, holds no bit of training.
    if (status !== 'completed' || bestStep === 0)
      throw new Error(`${name}: ${status}, ${step} steps, best ${bestStep}`);
    bits[name] = runHashes(outputDir);
  }
  return bits;
}

const REQUESTS = 200;

/** Requests of every kind of sampling, a quarter of them each on float32 and bf16, with and without an adapter. */
async function generationBits(folder) {
  const random = new Random(15);
  const bits = {};
  for (const [name, dtype, start] of [
    ['generate float32', 'float32', MODEL],
    ['generate bf16', 'bf16', MODEL],
    ['generate float32 with an adapter', 'float32', join(folder, 'sft')],
    ['generate bf16 with an adapter', 'bf16', join(folder, 'jsft')],
  ]) {
    const opened = await loadModel(start, { device: 'cpu', dtype });
    const { view, model } = opened.opened;
    const answers = [];
    for (let i = 0; i < REQUESTS / 4; i++) {
      const { prompts, options } = requestOf(random, model.config.vocabSize);
      const samples = await generate(view, prompts, { ...options, samplingLogprobs: true });
      answers.push(...samples.flat());
    }
    opened.dispose();
    const bytesOf = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    bits[name] = {
      ids: sha256(JSON.stringify(answers.map(({ tokens, finish }) => [tokens, finish]))),
      logprobs: sha256(...answers.map(({ logprobs }) => bytesOf(logprobs))),
      samplingLogprobs: sha256(...answers.map(({ samplingLogprobs }) => bytesOf(samplingLogprobs))),
    };
  }
  return bits;
}

/** Prompts that share a head, some of them long enough for several blocks of the pool, and how to sample. */
function requestOf(random, vocabSize) {
  const ids = (count) => Array.from({ length: count }, () => random.below(vocabSize));
  const head = ids(1 + random.below(random.choice([4, 80, 150])));
  const prompts = Array.from({ length: 1 + random.below(3) }, () => [...head, ...ids(random.below(4))]);
  const options = {
    count: 1 + random.below(4),
    maxNewTokens: 1 + random.below(20),
    temperature: random.choice([0, 0.7, 1, 1, 1.5]),
    topP: random.choice([1, 1, 0.9, 0.5]),
    topK: random.choice([0, 0, 7, 40]),
    minP: random.choice([0, 0, 0.02, 0.2]),
    seed: random.below(2 ** 31),
    firstSequence: random.below(1000),
    maxBatch: 1 + random.below(16),
  };
  return { prompts, options };
}

process.env.SELFJUDGE_CPU = path;
if (workers !== undefined) setWorkerLimit(Number(workers));
const device = Device.open('cpu');
if (device.path !== path) throw new Error(`expected kernel path ${path}, received ${device.path}`);
const folder = mkdtempSync(join(tmpdir(), 'selfjudge-bits-'));
try {
  const bits = { ...(await trainingBits(folder)), ...(await generationBits(folder)) };
  process.stdout.write(`${JSON.stringify(bits)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
