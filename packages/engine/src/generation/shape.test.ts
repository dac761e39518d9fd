import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Adapter } from '../model/adapter.js';
import { Device } from '../tensor/device.js';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { generate } from './generate.js';
import { samplingFlops, samplingShape } from './shape.js';

Device.open('cpu'); // a GPU decodes in batches of a power of two
const model = byteModel();
const windowed = byteModel({ config: { layerTypes: [{ rope: 'global', window: 20 }, { rope: 'none' }] } });
const { device } = model;
const lora = Adapter.init(model, { r: 3, alpha: 1, dropout: 0, targetModules: ['k_proj', 'up_proj'] }, 1);
afterAll(() => [lora, model, windowed].forEach((one) => one.dispose()));

const count = (op: string) =>
  device.counters().ops.find((one) => one.op === op) ?? { calls: 0, flops: 0, bytes: 0 };

describe('samplingShape', () => {
  it('is what the device counts, whatever the batch and the pool: equal prompts once, no padded row', async () => {
    const prompt = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 130 });
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(fc.array(prompt, { minLength: 1, maxLength: 4 }), fc.nat({ max: 3 }))
          .map(([prompts, again]) => [...prompts, ...prompts.slice(0, again)]),
        fc.record({
          count: fc.integer({ min: 1, max: 3 }),
          maxNewTokens: fc.integer({ min: 1, max: 8 }),
          maxBatch: fc.integer({ min: 1, max: 6 }),
          poolTokens: fc.constantFrom(undefined, 512),
          // Many answers end before the limit.
          eos: fc.constant(Array.from({ length: 60 }, (_, i) => i)),
        }),
        fc.constantFrom(model.view(), model.view([lora]), windowed.view([lora])),
        async (prompts, options, view) => {
          const before = { ...device.counters(), rows: count('embedding'), heads: count('linear_sample') };
          const samples = await generate(view, prompts, options);
          const shape = samplingShape(
            prompts,
            samples.map((of) => of.map(({ tokens }) => tokens.length)),
            options.maxNewTokens,
          );
          expect(device.counters().flops - before.flops).toBe(samplingFlops(view.shape, shape));
          const { hiddenSize, vocabSize } = model.config;
          const rows = (count('embedding').bytes - before.rows.bytes) / (2 * 4 * hiddenSize + 4);
          expect(rows).toBe(shape.prefill.rows + shape.decode.rows);
          const heads = (count('linear_sample').flops - before.heads.flops) / (2 * vocabSize * hiddenSize);
          expect(heads).toBe(shape.decode.headRows);
        },
      ),
      { numRuns: 40 },
    );
  });

  /** Bytes that attention moves for three answers of two tokens. */
  async function bytesRead(of: typeof model, prompt: number[]): Promise<number> {
    const before = count('tree_attention_pool');
    await generate(of.view(), [prompt], { count: 3, maxNewTokens: 2, eos: [] });
    return count('tree_attention_pool').bytes - before.bytes;
  }

  it('counts the keys that a step reads: of what answers share, once', async () => {
    const prompt = Array.from({ length: 130 }, (_, i) => i);
    const { layers, heads, kvHeads, headDim } = model.config;
    // Two blocks are shared; in the third each answer has a key of the prompt's and those of its own.
    const keys = { prefill: 129, steps: [128 + 3 * 2, 128 + 3 * 3] };
    const keyBytes = 2 * 4 * kvHeads * headDim;
    const rowBytes = 2 * 4 * heads * headDim + 8; // q and o, its length and its table
    const tables = [4 * 3, 4 * 9, 4 * 9];
    const expected =
      (layers - 1) * (keys.prefill * keyBytes + 129 * rowBytes + tables[0]) +
      layers * keys.steps.reduce((sum, n, i) => sum + n * keyBytes + 3 * rowBytes + tables[i + 1], 0);
    expect(await bytesRead(model, prompt)).toBe(expected);
    // The first layer of the other sees 20 keys: of the prompt those of its last 20 rows, then each answer its own alone
    // where it stands apart from the others.
    const less = keyBytes * (keys.steps[0] - (18 + 3 * 2) + keys.steps[1] - (17 + 3 * 3));
    expect(await bytesRead(windowed, prompt)).toBe(expected - less);
  });
});
