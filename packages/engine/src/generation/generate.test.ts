import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isError } from '@selfjudge/base';
import { Model } from '../model/model.js';
import type { ModelConfig } from '../model/config.js';
import type { ModelView } from '../model/view.js';
import { copyTo } from '../tensor/ops/copy.js';
import { tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { byteTokenizer } from '@selfjudge/text';
import { assertFinished, generate, type Sample } from './generate.js';
import { sampleAnswers } from './sampleAnswers.js';
import type { GenerateOptions, SampledToken } from './options.js';

const config: ModelConfig = {
  hiddenSize: 64,
  intermediateSize: 96,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  vocabSize: 97,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxPositions: 256,
  tieWordEmbeddings: false,
  eosTokenIds: [],
};

/** A prompt of `length` ids that differ from prompt to prompt. */
const prompt = (length: number, salt: number) =>
  Array.from({ length }, (_, i) => (i * 7 + salt * 13 + 5) % 97);
// Shorter than a block, exactly one, across two, and one token; the second and the last are equal.
const prompts = [prompt(5, 1), prompt(65, 2), prompt(100, 3), prompt(1, 4), prompt(129, 5), prompt(65, 2)];

describe.each(['float32', 'bf16'] as const)('generate, %s', (dtype) => {
  let model: Model;
  let view: ModelView;
  beforeAll(() => {
    model = Model.init(config, { dtype, seed: 3 });
    view = model.view();
  });
  afterAll(() => model.dispose());
  const run = (options: Partial<GenerateOptions> = {}) =>
    generate(view, prompts, { maxNewTokens: 70, count: 3, seed: 11, topP: 0.95, ...options });

  it('draws the same ids with the same log-probabilities whatever the batch and the pool', async () => {
    const expected = await run();
    for (const options of [
      { maxBatch: 1 },
      { maxBatch: 3 },
      { maxBatch: 128 },
      { maxBatch: 64, poolTokens: 512 },
    ])
      expect(await run(options)).toEqual(expected);
  });

  it('reports log-probabilities that are bitwise those of score', async () => {
    const samples = await run({ count: 2, maxNewTokens: 40 });
    const sequences = prompts.flatMap((ids, p) =>
      samples[p].map(({ tokens }) => ({
        tokens: [...ids, ...tokens],
        targets: [[ids.length, ids.length + tokens.length] as [number, number]],
      })),
    );
    const scored = await view.score(TreeBatch.from(sequences));
    expect(scored).toEqual(Float32Array.from(samples.flat().flatMap(({ logprobs }) => Array.from(logprobs))));
  });

  it('takes the most likely token at temperature 0', async () => {
    const options = { maxNewTokens: 3, temperature: 0, samplingLogprobs: true };
    const [[sample]] = await generate(view, [prompts[0]], options);
    let path = prompts[0];
    for (const token of sample.tokens) {
      const labels = Array.from({ length: config.vocabSize }, (_, id) => id);
      const batch = TreeBatch.from([{ tokens: path, candidates: [{ position: path.length - 1, labels }] }]);
      const logp = await view.score(batch);
      expect(token).toBe(logp.indexOf(Math.max(...logp)));
      path = [...path, token];
    }
    expect(Array.from(sample.samplingLogprobs!)).toEqual([0, 0, 0]);
  });

  it('reads what tokens were drawn with where that is asked for alone', async () => {
    const read = vi.spyOn(model.device.native, 'read');
    try {
      const readsOf = async (samplingLogprobs?: boolean) => {
        read.mockClear();
        const [[sample]] = await generate(view, [prompts[0]], { maxNewTokens: 4, seed: 3, samplingLogprobs });
        return { ...sample, reads: read.mock.calls.length };
      };
      const { samplingLogprobs, ...asked } = await readsOf(true);
      const plain = await readsOf();
      expect(plain).toEqual({ ...asked, reads: 4 * 2 });
      expect('samplingLogprobs' in plain).toBe(false);
      expect(asked.reads).toBe(4 * 3);
      // Temperature 1 and no filter: the whole vocabulary's distribution.
      expect(samplingLogprobs).toHaveLength(4);
      samplingLogprobs!.forEach((x, i) => expect(x).toBeCloseTo(asked.logprobs[i], 4));
    } finally {
      read.mockRestore();
    }
  });

  it('tells every token as it is read, with prompt and answer', async () => {
    const told: SampledToken[] = [];
    const eos = [3];
    const samples = await run({ count: 2, maxBatch: 5, eos, onToken: (token) => told.push(token) });
    const heard = prompts.map(() => Array.from({ length: 2 }, () => [] as SampledToken[]));
    for (const token of told) heard[token.promptIndex][token.index].push(token);
    expect(heard).toEqual(
      samples.map((ofPrompt, promptIndex) =>
        ofPrompt.map(({ tokens, finish }, index) =>
          tokens.map((token, i) => ({
            promptIndex,
            index,
            token,
            ...(i === tokens.length - 1 && { finish }),
          })),
        ),
      ),
    );
    expect(new Set(told.map(({ finish }) => finish))).toEqual(new Set([undefined, 'eos', 'length']));
  });

  it('gives equal prompts samples of their own, and the same ones for the same number', async () => {
    const samples = await run({ count: 1 });
    expect(samples[1][0].tokens).not.toEqual(samples[5][0].tokens);
    const alone = await generate(view, [prompts[5]], {
      maxNewTokens: 70,
      seed: 11,
      topP: 0.95,
      firstSequence: 5,
    });
    expect(alone[0][0]).toEqual(samples[5][0]);
    const numbered = { maxNewTokens: 70, seed: 11, topP: 0.95, firstSequences: [5, 1] };
    const [fifth, first] = await generate(view, [prompts[5], prompts[1]], numbered);
    expect([fifth[0], first[0]]).toEqual([samples[5][0], samples[1][0]]);
    await expect(generate(view, [prompts[5]], numbered)).rejects.toThrow(
      /firstSequences: expected 1 numbers/,
    );
  });

  it('ends with an end token, which it keeps, and cuts at maxNewTokens', async () => {
    const free = await run({ count: 1 });
    const eos = [free[0][0].tokens[9], free[4][0].tokens[20]];
    const cut = (sample: Sample) => {
      const end = sample.tokens.findIndex((id) => eos.includes(id)) + 1;
      return end > 0
        ? { tokens: sample.tokens.slice(0, end), finish: 'eos' }
        : { tokens: sample.tokens, finish: 'length' };
    };
    const ended = await run({ count: 1, eos, maxBatch: 2 });
    expect(ended.flat().map(({ tokens, finish }) => ({ tokens, finish }))).toEqual(free.flat().map(cut));
    expect(ended.flat().map(({ logprobs }) => logprobs.length)).toEqual(
      ended.flat().map(({ tokens }) => tokens.length),
    );
  });

  it('stores a prompt once for all its answers, and gives the memory back', async () => {
    const { device } = model;
    await device.sync();
    const before = device.memory().live;
    const peakOf = async (ids: number[][], count: number) => {
      let peak = 0;
      const onProgress = () => (peak = Math.max(peak, device.memory().live - before));
      await generate(view, ids, { maxNewTokens: 1, count, maxBatch: 8, onProgress });
      return peak;
    };
    const long = prompt(193, 1);
    const different = Array.from({ length: 8 }, (_, i) => prompt(193, i));
    // 3 full blocks of prompt: once and one block each, against eight times all of it. The rest is the same in both.
    const block = 2 * config.layers * config.kvHeads * config.headDim * 64 * (dtype === 'bf16' ? 2 : 4);
    const saved = (await peakOf(different, 1)) - (await peakOf([long], 8));
    expect(saved).toBe((8 * 4 - (3 + 8)) * block);
    expect(device.memory().live).toBe(before);
  });
});

describe('generate', () => {
  let model: Model;
  beforeAll(() => {
    model = Model.init(config, { dtype: 'float32', seed: 3 });
  });
  afterAll(() => model.dispose());

  it('names the prompt that does not fit', async () => {
    const request = generate(model.view(), [prompt(5, 1), prompt(200, 1)], { maxNewTokens: 57 });
    await expect(request).rejects.toThrow('prompts[1]: expected 1 to 199 tokens');
    await expect(generate(model.view(), [[]], { maxNewTokens: 5 })).rejects.toThrow('prompts[0]');
    await expect(generate(model.view(), [[97]], { maxNewTokens: 5 })).rejects.toThrow('prompts[0][0]');
  });

  it('names what a pool must hold', async () => {
    const request = generate(model.view(), [prompt(100, 1)], { maxNewTokens: 10, poolTokens: 64 });
    await expect(request).rejects.toSatisfy((error) => isError(error, 'SJ_WRONG_ARGUMENT'));
  });

  it('draws the ids of the tokenizer alone, with log-probabilities under all rows', async () => {
    const tokenizer = byteTokenizer();
    const { vocabSize } = tokenizer;
    const shape = { ...config, vocabSize: vocabSize + 40 };
    const padded = Model.init(shape, { dtype: 'float32', seed: 3, tokenizer });
    const view = padded.view();
    const options = { maxNewTokens: 60, count: 4, seed: 5, eos: [], temperature: 2 };
    const ofAll = (await generate(view, [prompt(5, 1)], { ...options, vocabSize: shape.vocabSize })).flat();
    expect(ofAll.some(({ tokens }) => tokens.some((id) => id >= vocabSize))).toBe(true);
    const [samples] = await generate(view, [prompt(5, 1)], { ...options, samplingLogprobs: true });
    for (const { tokens, logprobs, samplingLogprobs } of samples) {
      expect(Math.max(...tokens)).toBeLessThan(vocabSize);
      const path = { tokens: [...prompt(5, 1), ...tokens], targets: [[5, 65] as [number, number]] };
      expect(logprobs).toEqual(await view.score(TreeBatch.from([path])));
      expect(samplingLogprobs).toHaveLength(60);
    }
    const [answers] = await sampleAnswers(view, tokenizer, [prompt(5, 1)], options);
    expect(answers.map(({ tokens }) => tokens)).toEqual(samples.map(({ tokens }) => tokens));
    const wrong = generate(view, [[1]], { maxNewTokens: 1, vocabSize: shape.vocabSize + 1 });
    await expect(wrong).rejects.toThrow(/vocabSize: expected a whole number from 1 to/);
    padded.dispose();
  });

  it('ends the answer whose logits are no numbers, and no other', async () => {
    const whole = [prompt(5, 1), prompt(6, 2), prompt(70, 4)].map((ids) => ids.map((id) => id % 96));
    const options = { maxNewTokens: 20, count: 2, seed: 7, vocabSize: 96, maxBatch: 3 };
    const alone = await generate(model.view(), whole, options);
    const broken = Model.init(config, { dtype: 'float32', seed: 3 });
    const table = (await tidy(() => broken.table.rows().retain()).read()) as Float32Array;
    table.fill(NaN, 96 * 64); // the row of id 96, which is never drawn
    tidy(() => broken.table.repack(Tensor.from(broken.device, table, [97, 64])));
    const [first, bad, ...rest] = await generate(broken.view(), [whole[0], [1, 96, 2], whole[1], whole[2]], {
      ...options,
    });
    expect(first).toEqual(alone[0]);
    expect(rest.map((of) => of.map(({ finish, tokens }) => [finish, tokens.length]))).toEqual(
      Array.from({ length: 2 }, () => Array.from({ length: 2 }, () => ['length', 20])),
    );
    expect(bad).toEqual(
      [0, 1].map((answer) => ({
        tokens: [],
        logprobs: new Float32Array(0),
        finish: 'error',
        error: expect.stringMatching(
          `prompts\\[1\\], answer ${answer}, token 0: expected finite logits`,
        ) as string,
      })),
    );
    expect(() => assertFinished([first])).not.toThrow();
    expect(() => assertFinished([first, bad])).toThrow(/prompts\[1\], answer 0/);
    broken.dispose();
  });

  it('names the answer whose logits are no numbers, where no other is left', async () => {
    const broken = Model.init(config, { dtype: 'float32', seed: 3 });
    tidy(() => copyTo(Tensor.from(broken.device, new Float32Array(64).fill(NaN), [64]), broken.norm.value));
    const request = generate(broken.view(), [prompt(5, 1), prompt(6, 2)], {
      maxNewTokens: 3,
      firstSequence: 8,
    });
    await expect(request).rejects.toMatchObject({
      code: 'SJ_FAULT',
      details: { promptIndex: 0, token: 0, sequence: 8 },
    });
    broken.dispose();
  });

  it('stops when told to', async () => {
    const stop = new AbortController();
    const options = { maxNewTokens: 50, signal: stop.signal, onProgress: () => stop.abort() };
    await expect(generate(model.view(), [prompt(5, 1)], options)).rejects.toThrow('aborted');
  });

  it('tells how far it is', async () => {
    const seen: number[][] = [];
    await generate(model.view(), [prompt(5, 1)], {
      maxNewTokens: 2,
      count: 2,
      maxBatch: 1,
      onProgress: ({ done, total, tokens }) => seen.push([done, total, tokens]),
    });
    expect(seen).toEqual([
      [0, 2, 1],
      [1, 2, 2],
      [1, 2, 3],
      [2, 2, 4],
    ]);
  });
});
