import { describe, expect, it } from 'vitest';
import { Random } from '@selfjudge/testing/random';
import { Device, type DeviceKind } from './device.js';
import { linearSample, type LinearSampleOptions } from './ops/linearSample.js';
import { Tensor } from './tensor.js';
import { Weight } from './weight.js';

const simt = (() => {
  const device = Device.open('cuda');
  device.close();
  return device.path === 'simt';
})();
const ROWS = 64;
// More than a block of threads takes at once.
const VOCABULARY = simt ? 2500 : 49_152;
/** Of the ids that can be drawn, where there is one. */
const BOUND = 2011;
const DRAWS = simt ? 1 : 40;

/** Token ids of many draws from rows whose logits are exact on any device: h is one-hot, so a logit is one weight. */
async function draws(kind: DeviceKind, options: LinearSampleOptions): Promise<number[]> {
  const device = Device.open(kind);
  const random = new Random('same samples');
  const h = new Float32Array(ROWS * ROWS);
  for (let r = 0; r < ROWS; r++) h[r * ROWS + r] = 1;
  const w = Float32Array.from(random.normals(VOCABULARY * ROWS, 3));
  // Token 0 is likely everywhere: a row that read into the next one would draw otherwise.
  for (let r = 0; r < ROWS; r++) w[r] += 10;
  // And so is the first that a bound leaves out.
  for (let r = 0; r < ROWS; r++) w[BOUND * ROWS + r] += 10;
  const rows = Tensor.from(device, w, [VOCABULARY, ROWS]);
  const head = Weight.pack(rows, 'float32');
  const hidden = Tensor.from(device, h, [ROWS, ROWS]);
  const tokens: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const keys = Tensor.from(
      device,
      Int32Array.from({ length: 2 * ROWS }, (_, i) => (i % 2 ? draw : i)),
      [ROWS, 2],
    );
    const result = linearSample(hidden, head, keys, options);
    tokens.push(...(await result.tokens.read()));
    for (const tensor of [keys, result.tokens, result.logp, result.samplingLogp]) tensor.dispose();
  }
  for (const tensor of [rows, head, hidden]) tensor.dispose();
  device.close();
  return tokens;
}

describe('CPU and CUDA sample the same ids from the same logits', () => {
  it.each<LinearSampleOptions>([
    { seed: 1 },
    { temperature: 0.5, seed: 2 },
    { topK: 40, seed: 3 },
    { topP: 0.9, seed: 4 },
    { minP: 0.05, seed: 5 },
    { minP: 1e-4, seed: 7 },
    { temperature: 1.3, topK: 100, topP: 0.8, minP: 0.01, seed: 6 },
    { temperature: 0 },
    { vocabSize: BOUND, topP: 0.9, seed: 8 },
    { vocabSize: BOUND, temperature: 0 },
  ])('%o', async (options) => {
    expect(await draws('cuda', options)).toEqual(await draws('cpu', options));
  });
});
