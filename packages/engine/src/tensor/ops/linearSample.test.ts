import { afterAll, describe, expect, it } from 'vitest';
import { matmul } from '@selfjudge/testing/oracle';
import { sample, type OracleSampling } from '@selfjudge/testing/oracleSample';
import { Random } from '@selfjudge/testing/random';
import { Device } from '../device.js';
import { Tensor } from '../tensor.js';
import { Weight } from '../weight.js';
import { linearLogprob } from './linearLogprob.js';
import { linearSample, type LinearSampleOptions } from './linearSample.js';

const device = Device.open();
afterAll(() => device.close());

const rows = 128;
const dim = 16;
const vocabulary = 101;
const random = new Random('linearSample');
const hidden = random.normals(rows * dim).map(Math.fround);
const weights = random.normals(vocabulary * dim, 0.5).map(Math.fround);
const logits = matmul(hidden, weights, dim);
const keys = Int32Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? i >> 1 : 7 - i));

const h = Tensor.from(device, Float32Array.from(hidden), [rows, dim]);
const packed = Tensor.from(device, Float32Array.from(weights), [vocabulary, dim]);
const head = Weight.pack(packed, 'float32');

async function draw(
  options: LinearSampleOptions,
  from = 0,
  count = rows,
): Promise<{ tokens: Int32Array; logp: Float32Array; samplingLogp: Float32Array }> {
  const part = h.view(from * dim, [count, dim]);
  const own = Tensor.from(device, keys.slice(2 * from, 2 * (from + count)), [count, 2]);
  const result = linearSample(part, head, own, options);
  const [tokens, logp, samplingLogp] = await Promise.all([
    result.tokens.read() as Promise<Int32Array>,
    result.logp.read() as Promise<Float32Array>,
    result.samplingLogp.read() as Promise<Float32Array>,
  ]);
  for (const tensor of [part, own, ...Object.values(result)]) (tensor as Tensor).dispose();
  return { tokens, logp, samplingLogp };
}

describe('linearSample', () => {
  it.each<Partial<OracleSampling>>([
    {},
    { temperature: 0.3 },
    { temperature: 5, seed: 2n ** 64n - 1n },
    { topK: 5 },
    { topP: 0.7 },
    { minP: 0.1 },
    { temperature: 1.5, topK: 50, topP: 0.9, minP: 0.02, seed: 12_345_678_901n },
  ])('draws what float64 draws: %o', async (partial) => {
    const options: OracleSampling = { temperature: 1, topK: 0, topP: 1, minP: 0, seed: 0n, ...partial };
    const { tokens, samplingLogp } = await draw(options);
    let compared = 0;
    for (let r = 0; r < rows; r++) {
      const row = logits.subarray(r * vocabulary, (r + 1) * vocabulary);
      const expected = sample(row, keys[2 * r], keys[2 * r + 1], options);
      if (expected.margin < 1e-5) continue;
      compared++;
      expect(tokens[r]).toBe(expected.token);
      expect(samplingLogp[r]).toBeCloseTo(expected.samplingLogp, 4);
    }
    expect(compared).toBeGreaterThan(rows - 10);
  });

  it('draws from the first vocabSize rows what a head of those alone draws', async () => {
    const ids = 70;
    const rowsOf = packed.view(0, [ids, dim]);
    const alone = Weight.pack(rowsOf, 'float32');
    const own = Tensor.from(device, keys, [rows, 2]);
    for (const options of [{ topP: 0.9, seed: 3 }, { topK: 20 }, { temperature: 0 }, { minP: 0.1 }]) {
      const bounded = await draw({ ...options, vocabSize: ids });
      const { tokens, logp, samplingLogp } = linearSample(h, alone, own, options);
      expect(bounded.tokens).toEqual(await tokens.read());
      expect(bounded.samplingLogp).toEqual(await samplingLogp.read());
      // Of the whole vocabulary: less than under 70 ids.
      ((await logp.read()) as Float32Array).forEach((x, r) => expect(bounded.logp[r]).toBeLessThan(x));
      for (const tensor of [tokens, logp, samplingLogp]) tensor.dispose();
    }
    for (const thing of [rowsOf, alone, own]) thing.dispose();
  });

  it("gives linearLogprob's log-probability to the bit", async () => {
    const { tokens, logp } = await draw({ temperature: 2, topK: 20 });
    const index = Tensor.from(
      device,
      Int32Array.from({ length: rows }, (_, r) => r),
      [rows],
    );
    const labels = Tensor.from(device, tokens, [rows]);
    const again = linearLogprob(h, head, index, labels);
    expect(await again.read()).toEqual(logp);
    for (const tensor of [index, labels, again]) tensor.dispose();
  });

  it('does not depend on the rows drawn together', async () => {
    const all = await draw({ topP: 0.9, seed: 3 });
    const some = await draw({ topP: 0.9, seed: 3 }, 40, 5);
    expect(some.tokens).toEqual(all.tokens.slice(40, 45));
    expect(some.samplingLogp).toEqual(all.samplingLogp.slice(40, 45));
  });

  it('returns -1 for a row of NaN and leaves the others alone', async () => {
    const bad = Tensor.from(
      device,
      [...Array.from({ length: dim }, () => NaN), ...hidden.slice(0, dim)],
      [2, dim],
    );
    const own = Tensor.from(device, keys.slice(0, 4), [2, 2]);
    const { tokens, logp, samplingLogp } = linearSample(bad, head, own, { temperature: 0 });
    const picked = await tokens.read();
    expect(picked[0]).toBe(-1);
    expect(picked[1]).toBe((await draw({ temperature: 0 }, 0, 1)).tokens[0]);
    for (const tensor of [bad, own, tokens, logp, samplingLogp]) tensor.dispose();
  });

  it('refuses seeds that are no 64-bit number', () => {
    const own = Tensor.from(device, keys, [rows, 2]);
    for (const seed of [-1, 1.5, 2 ** 60, 2n ** 64n]) {
      expect(() => linearSample(h, head, own, { seed })).toThrow('[linearSample] seed');
    }
    own.dispose();
  });

  it('leaves no memory behind', () => {
    for (const thing of [h, packed, head]) thing.dispose();
    expect(device.memory().live).toBe(0);
  });
});
