import { cpuInfo, setWorkerLimit, workerCount } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { linearSample, type LinearSampleOptions } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import { chiSquare } from './chiSquare.js';
import { openPath } from './openPath.js';
import { drawFrom, samplingDistribution } from './oracleSample.js';
import { samplingCases, samplingRows, vocabulary, type SamplingRow } from './samplingRows.js';

const names = Object.keys(samplingRows) as SamplingRow[];
/** Rows of one call. */
const WAVE = 128;
/** Draws of each case that are compared one by one. */
const COMPARED = 4 * WAVE;
/** How far sums of integer weights, each under its probability by less than 2^-32 of the highest, are from float64's. */
const ROUNDING = 2e-6;

interface Draws {
  tokens: Int32Array;
  logp: Float32Array;
  samplingLogp: Float32Array;
}

/** Stored rows of logits as the columns of a head: a one-hot h draws from exactly one of them. */
class Sampler {
  readonly #device: Device;
  readonly #head: Weight;

  constructor(device: Device) {
    this.#device = device;
    const rows = new Float32Array(vocabulary * names.length);
    names.forEach((name, column) =>
      samplingRows[name].forEach((logit, id) => (rows[id * names.length + column] = logit)),
    );
    const tensor = Tensor.from(device, rows, [vocabulary, names.length]);
    this.#head = Weight.pack(tensor, 'float32');
    tensor.dispose();
  }

  async draw(rows: readonly SamplingRow[], keys: Int32Array, options: LinearSampleOptions): Promise<Draws> {
    const oneHot = new Float32Array(rows.length * names.length);
    rows.forEach((name, r) => (oneHot[r * names.length + names.indexOf(name)] = 1));
    const h = Tensor.from(this.#device, oneHot, [rows.length, names.length]);
    const own = Tensor.from(this.#device, keys, [rows.length, 2]);
    const result = linearSample(h, this.#head, own, options);
    const [tokens, logp, samplingLogp] = await Promise.all([
      result.tokens.read() as Promise<Int32Array>,
      result.logp.read() as Promise<Float32Array>,
      result.samplingLogp.read() as Promise<Float32Array>,
    ]);
    for (const tensor of [h, own, result.tokens, result.logp, result.samplingLogp]) tensor.dispose();
    return { tokens, logp, samplingLogp };
  }

  dispose(): void {
    this.#head.dispose();
  }
}

/** (sequence, position) of draws `first` and on. */
function keysFrom(first: number, count: number): Int32Array {
  return Int32Array.from({ length: 2 * count }, (_, i) => {
    const draw = first + (i >> 1);
    return i % 2 === 0 ? draw % 1000 : Math.floor(draw / 1000);
  });
}

/**
 * Draws of linearSample from stored rows against float64 probabilities: each of the first one by one, and all by their
 * counts.
 *
 * @param draws a case, where the machine takes this path by itself; elsewhere only the first are drawn
 */
export function describeSampling(path: string, draws: number): void {
  const { paths } = cpuInfo();
  describe.runIf(paths.includes(path))(`sampling at vocabulary 49,152 on ${path}`, () => {
    let device: Device;
    let sampler: Sampler;
    beforeAll(() => {
      device = openPath(path);
      sampler = new Sampler(device);
    });
    afterAll(() => device.close());

    it.each(samplingCases)('%s, %o', async (name, partial) => {
      const options = { temperature: 1, topK: 0, topP: 1, minP: 0, ...partial };
      const seed = 2n ** 63n + 5n;
      const expected = samplingDistribution(samplingRows[name], options);
      expect(expected.margin).toBeGreaterThan(ROUNDING);
      const likeliest = Math.log(expected.probabilities.reduce((a, b) => Math.max(a, b)));
      const rows = Array.from({ length: WAVE }, () => name);
      const counts = new Float64Array(vocabulary);
      let compared = 0;
      for (let first = 0; first < (path === paths[0] ? draws : COMPARED); first += WAVE) {
        const keys = keysFrom(first, WAVE);
        const { tokens, samplingLogp } = await sampler.draw(rows, keys, { ...options, seed });
        for (const token of tokens) counts[token]++;
        if (first >= COMPARED) continue;
        tokens.forEach((token, r) => {
          const own = drawFrom(expected, keys[2 * r], keys[2 * r + 1], seed);
          if (own.margin < ROUNDING) return;
          compared++;
          expect(token).toBe(own.token);
          const resolution = 2 ** -32 * Math.exp(likeliest - own.samplingLogp);
          expect(Math.abs(samplingLogp[r] - own.samplingLogp)).toBeLessThan(2 * ROUNDING + resolution);
        });
      }
      expect(compared).toBeGreaterThan(0.7 * COMPARED);
      const probabilities = new Float64Array(vocabulary);
      expected.ids.forEach((id, i) => (probabilities[id] = expected.probabilities[i]));
      expect(chiSquare(counts, probabilities).p).toBeGreaterThan(1e-6);
    });

    it.each(samplingCases)('%s, %o: the same bits alone and among 64 others', async (name, partial) => {
      const options = { ...partial, seed: 9 };
      const keys = keysFrom(4_000_000, 65);
      const rows = Array.from(keys.subarray(0, 65), (_, r) =>
        r % 13 === 0 ? name : names[r % names.length],
      );
      const together: Draws[] = [];
      for (const threads of [1, workerCount()]) {
        setWorkerLimit(threads);
        together.push(await sampler.draw(rows, keys, options));
      }
      setWorkerLimit(workerCount());
      expect(together[1]).toEqual(together[0]);
      for (let r = 0; r < rows.length; r += 13) {
        const alone = await sampler.draw([name], keys.slice(2 * r, 2 * r + 2), options);
        expect(alone.tokens[0]).toBe(together[0].tokens[r]);
        expect(alone.logp[0]).toBe(together[0].logp[r]);
        expect(alone.samplingLogp[0]).toBe(together[0].samplingLogp[r]);
      }
    });

    it('leaves no memory behind', () => {
      sampler.dispose();
      expect(device.memory().live).toBe(0);
    });
  });
}
