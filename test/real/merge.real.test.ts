// SmolLM2 with an adapter that was trained here, merged to GGUF: against model and adapter apart, and against the greedy
// tokens of llama.cpp (node-llama-cpp) on the same file.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Adapter,
  generate,
  linearLogprob,
  Model,
  Tensor,
  TreeBatch,
  type ModelView,
} from '@selfjudge/engine';
import { mergeModel } from 'selfjudge';
import { nodeLlamaCpp } from '../../benchmarks/peers/nodeLlamaCpp.mjs';
import { temporaryFolder } from '../support/cli.js';
import { figure, loadReal, root, tokenLogprobs, weights } from './real.js';

const STEPS = 16;
const QUESTIONS = ['How do I boil an egg?', 'Name the planets.', 'Why is the sky blue?', 'What is 17 + 25?'];
const adapter = join(root, 'benchmarks/peers/fixtures/adapter');

const peer = weights === '' ? { missing: 'no real weights' } : nodeLlamaCpp();
if ('missing' in peer) console.log(`skipped: ${peer.missing}`);

/** The most probable tokens after a row, and how far the second best of each is behind. */
async function greedy(view: ModelView, row: number[]): Promise<{ tokens: number[]; margins: number[] }> {
  const [[{ tokens }]] = await generate(view, [row], { maxNewTokens: STEPS, topK: 1, eos: [] });
  const whole = [...row, ...tokens];
  const { device, head, config } = view.model;
  const labels = Int32Array.from({ length: config.vocabSize }, (_, id) => id);
  const hidden = view.hidden(TreeBatch.from([{ tokens: whole, targets: [[row.length, whole.length]] }]));
  const margins: number[] = [];
  for (let step = 0; step < tokens.length; step++) {
    const parts = [new Int32Array(labels.length).fill(step), labels].map((data) =>
      Tensor.from(device, data, [labels.length]),
    );
    const logprobs = linearLogprob(hidden, head, parts[0], parts[1]);
    const [best, second] = Float32Array.from(await logprobs.read())
      .sort()
      .reverse();
    margins.push(best - second);
    for (const part of [...parts, logprobs]) part.dispose();
  }
  hidden.dispose();
  return { tokens: [...tokens], margins };
}

describe.skipIf('missing' in peer)('SmolLM2 and an adapter, merged to GGUF', () => {
  const out = temporaryFolder();
  const before: Float32Array[] = [];
  let rows: number[][] = [];
  beforeAll(async () => {
    const model = await loadReal();
    const lora = await Adapter.load(adapter, model);
    rows = QUESTIONS.map((content) => {
      const tokenizer = model.tokenizer!;
      const prompt = tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true });
      return tokenizer.encodeRendered(prompt);
    });
    for (const row of rows) before.push(await tokenLogprobs(model.view([lora]), row));
    lora.dispose();
    model.dispose();
  });
  afterAll(() => out.remove());

  it.each([
    ['F16', 0.01, 0.05],
    // llama.cpp rounds what these are multiplied by to 8 bits too.
    ['Q8_0', 0.1, 0.25],
  ] as const)('%s: log-probabilities, and the tokens of llama.cpp', async (quantization, bound, near) => {
    const to = join(out.path, quantization);
    await mergeModel(weights, to, { adapter, format: 'gguf', quantization });
    const path = join(to, 'model.gguf');
    const model = await Model.load(path, { dtype: 'float32' });
    const after = await Promise.all(rows.map((row) => tokenLogprobs(model.view(), row)));
    const apart = after.flatMap((one, i) => Array.from(one, (x, j) => Math.abs(x - before[i][j])));
    const mean = apart.reduce((sum, x) => sum + x, 0) / apart.length;
    figure(`log-probabilities merged to ${quantization}, mean difference`, mean);
    expect(mean).toBeLessThan(bound);
    const ours = [];
    for (const row of rows) ours.push(await greedy(model.view(), row));
    model.dispose();
    if ('missing' in peer) return;
    const stdout = execFileSync(process.execPath, [peer.script('greedy.mjs')], {
      input: JSON.stringify({ model: path, rows, steps: STEPS }),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const theirs = JSON.parse(stdout) as number[][];
    let same = 0;
    for (const [i, { tokens, margins }] of ours.entries()) {
      const other = tokens.findIndex((token, step) => token !== theirs[i][step]);
      const until = other < 0 ? STEPS : other;
      if (other >= 0) figure(`${QUESTIONS[i]} step ${other}: the two best are apart by`, margins[other]);
      // Another token only from a step on whose two best are near.
      expect(Math.min(...margins.slice(0, until + 1), other < 0 ? 0 : Infinity)).toBeLessThan(near);
      same += until;
    }
    figure(`tokens of ${quantization} that are llama.cpp's, of ${STEPS * rows.length}`, same);
    expect(same).toBeGreaterThan(rows.length * 4);
  });
});
