import { cpuInfo } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { linearSample, type LinearSampleOptions } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import { chiSquare } from './chiSquare.js';
import { openPath } from './openPath.js';
import { samplingDistribution } from './oracleSample.js';

/** More than one strip of the vocabulary. */
const vocabulary = 3000;
const temperatures = [{ temperature: 0 }, { temperature: 0.5 }, {}, { temperature: 1.3 }];

/** `background` everywhere but where `at` says otherwise. */
function row(background: number, at: Record<number, number> = {}): Float32Array {
  const logits = new Float32Array(vocabulary).fill(background);
  for (const [id, logit] of Object.entries(at)) logits[Number(id)] = logit;
  return logits;
}

/** What linearSample does with rows that are hardly distributions, on one kernel path of the CPU or on the CUDA module. */
export function describeSamplingEdges(path: string): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`edges of sampling on ${path}`, () => {
    let device: Device;
    let count: number;
    beforeAll(() => {
      device = openPath(path);
      count = device.path === 'simt' ? 16 : 128; // the shim is a thousand times slower
    });
    afterAll(() => device.close());

    /** One draw a value of `h`, by which the logits are multiplied, with keys of its own. */
    async function draw(
      logits: Float32Array,
      options: LinearSampleOptions,
      h = Array<number>(count).fill(1),
    ) {
      const stored = Tensor.from(device, logits, [vocabulary, 1]);
      const head = Weight.pack(stored, 'float32');
      const rows = Tensor.from(device, Float32Array.from(h), [h.length, 1]);
      const keys = Tensor.from(
        device,
        Int32Array.from({ length: 2 * h.length }, (_, i) => i),
        [h.length, 2],
      );
      const result = linearSample(rows, head, keys, options);
      const tokens = [...(await result.tokens.read())];
      const logp = [...(await result.logp.read())];
      const samplingLogp = [...(await result.samplingLogp.read())];
      for (const thing of [stored, head, rows, keys, ...Object.values(result)]) {
        (thing as Tensor | Weight).dispose();
      }
      return { tokens, logp, samplingLogp };
    }

    /** The ids drawn, once each, after a test that they come as often as float64 says. */
    async function drawn(logits: Float32Array, partial: LinearSampleOptions): Promise<number[]> {
      const options = { temperature: 1, topK: 0, topP: 1, minP: 0, ...partial };
      const { ids, probabilities } = samplingDistribution(logits, options);
      const { tokens } = await draw(logits, options);
      expect(tokens.filter((token) => !ids.includes(token))).toEqual([]);
      const counts = ids.map((id) => tokens.filter((token) => token === id).length);
      expect(chiSquare(counts, probabilities).p).toBeGreaterThan(1e-6);
      return ids.filter((_, i) => counts[i] > 0);
    }

    it.each<LinearSampleOptions>([{ temperature: 0 }, { topK: 1 }, { topP: 1e-9 }])(
      'equal maxima, %o: the lowest id',
      async (options) => {
        expect(await drawn(row(-1, { 7: 2.5, 1535: 2.5, 1536: 2.5, 2999: 2.5 }), options)).toEqual([7]);
        expect(await drawn(row(-1, { 1700: -0, 1701: 0 }), options)).toEqual([1700]);
        expect(await drawn(row(4), options)).toEqual([0]);
      },
    );

    it.each<LinearSampleOptions>([{}, { topK: 2 }, { topP: 0.9999 }, { minP: 1 }])(
      'two equal maxima above all else, %o: both, as often',
      async (options) => {
        expect(await drawn(row(-300, { 12: 9, 2500: 9 }), options)).toEqual([12, 2500]);
      },
    );

    it.each(temperatures)('one id above all else, %o: always that, with probability 1', async (options) => {
      const { tokens, logp, samplingLogp } = await draw(row(0, { 1600: 1000 }), options);
      expect(new Set(tokens)).toEqual(new Set([1600]));
      expect(new Set([...logp, ...samplingLogp])).toEqual(new Set([0]));
    });

    it('keeps of equal ids at the border those of the lowest', async () => {
      expect((await drawn(row(0), { topP: 0.9 })).every((id) => id < 0.9 * vocabulary)).toBe(true);
      expect(await drawn(row(-1, { 5: 0, 900: 0, 1000: 0, 2000: 1 }), { topK: 3 })).toEqual([5, 900, 2000]);
      expect(await drawn(row(-1), { topK: 2 })).toEqual([0, 1]);
      expect(await drawn(row(0, { 40: -2, 41: -2 }), { minP: 0.5 })).not.toContain(40);
    });

    it.each<LinearSampleOptions>([{}, { topK: 10 }, { topP: 0.999 }, { temperature: 1.3 }])(
      'minus infinity, %o: never drawn',
      async (options) => {
        expect(await drawn(row(-Infinity, { 0: 1, 1999: 0.5, 2999: 0 }), options)).toEqual([0, 1999, 2999]);
      },
    );

    it.each<LinearSampleOptions>([
      ...temperatures,
      { temperature: 1e-30 },
      { topK: 5, topP: 0.9, minP: 0.1 },
    ])('the largest float32 logits, %o: the maximum', async (options) => {
      expect(await drawn(row(-3e38, { 3: 3e38, 4: 1e38 }), options)).toEqual([3]);
      expect(await drawn(row(-3e38, { 3: -1e38 }), options)).toEqual([3]);
    });

    it.each(temperatures)('NaN, plus infinity or nothing finite, %o: -1 and NaN', async (options) => {
      const bad = [row(0, { 2000: NaN }), row(0, { 2000: Infinity }), row(-Infinity), row(NaN)];
      for (const logits of bad) {
        const { tokens, logp, samplingLogp } = await draw(logits, options);
        expect(new Set(tokens)).toEqual(new Set([-1]));
        expect(new Set([...logp, ...samplingLogp])).toEqual(new Set([NaN]));
      }
    });

    it.each(temperatures)('rows among rows of NaN, %o: what they are without', async (options) => {
      const logits = row(0).map((_, id) => Math.sin(id));
      const h = Array.from({ length: count }, (_, r) => 1 + r / 7);
      const clean = await draw(logits, options, h);
      const mixed = await draw(
        logits,
        options,
        h.map((x, r) => (r % 3 === 0 ? NaN : x)),
      );
      const expected = (values: number[], instead: number) =>
        values.map((x, r) => (r % 3 === 0 ? instead : x));
      expect(mixed.tokens).toEqual(expected(clean.tokens, -1));
      expect(mixed.logp).toEqual(expected(clean.logp, NaN));
      expect(mixed.samplingLogp).toEqual(expected(clean.samplingLogp, NaN));
    });

    it.each<LinearSampleOptions>([
      ...temperatures,
      { topK: 3 },
      { topP: 0.9 },
      { minP: 0.2 },
      { temperature: 1.3, topK: 1200, topP: 0.8, minP: 0.01 },
    ])('ids past vocabSize, %o: not drawn, though probable', async (options) => {
      const logits = row(0).map((_, id) => 3 * Math.sin(id) + (id % 700 === 3 ? 6 : 0));
      const ends = device.path === 'simt' ? [1601] : [1, 1535, 1536, 1601, vocabulary - 1];
      for (const vocabSize of ends) {
        // Nothing before the bound is as probable as what is behind it.
        const padded = logits.map((x, id) => (id < vocabSize ? x : x + 20));
        const within = { temperature: 1, topK: 0, topP: 1, minP: 0, ...options };
        const { ids, probabilities } = samplingDistribution(padded.subarray(0, vocabSize), within);
        const { tokens, logp, samplingLogp } = await draw(padded, { ...options, vocabSize });
        expect(tokens.filter((token) => !ids.includes(token))).toEqual([]);
        const sum = padded.reduce((total, x) => total + Math.exp(x), 0);
        tokens.forEach((token, r) => {
          expect(logp[r]).toBeCloseTo(padded[token] - Math.log(sum), 4);
          expect(samplingLogp[r]).toBeCloseTo(Math.log(probabilities[ids.indexOf(token)]), 4);
        });
      }
    });

    it.each(temperatures)('nothing finite before vocabSize, %o: -1 and NaN', async (options) => {
      const logits = row(-Infinity, { 1700: 1 });
      const { tokens, logp } = await draw(logits, { ...options, vocabSize: 1700 });
      expect(new Set(tokens)).toEqual(new Set([-1]));
      expect(new Set(logp)).toEqual(new Set([NaN]));
      const { tokens: one } = await draw(logits, { ...options, vocabSize: 1701 });
      expect(new Set(one)).toEqual(new Set([1700]));
    });

    it('filters that leave everything change nothing', async () => {
      const logits = row(0).map((_, id) => 5 * Math.sin(id));
      const { tokens, samplingLogp } = await draw(logits, {});
      const bounds = [{ vocabSize: 0 }, { vocabSize: vocabulary }, { vocabSize: vocabulary + 1 }];
      for (const options of [
        { topK: vocabulary },
        { topK: 2 ** 31 - 1 },
        { minP: 1e-8 },
        { topP: 1 },
        ...bounds,
      ]) {
        expect(await draw(logits, options)).toMatchObject({ tokens, samplingLogp });
      }
    });

    it('leaves no memory behind', () => {
      expect(device.memory().live).toBe(0);
    });
  });
}
