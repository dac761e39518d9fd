// Tiny models of every family as transformers, PEFT and the package gguf write them, with the numbers they give for them
// (benchmarks/peers/families.py).
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

import { generate } from '../generation/index.js';
import { Tape } from '../tensor/tape.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Adapter } from './adapter.js';
import { Safetensors } from './files/safetensors.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';
import { Model } from './model.js';
import { RewardModel } from './rewardModel.js';

interface Values {
  family: string;
  base: number[][];
  adapter: number[][];
  scores?: number[];
}

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/families', import.meta.url));
const rows = JSON.parse(readFileSync(join(fixtures, 'rows.json'), 'utf8')) as number[][];
const names = readdirSync(fixtures).filter((name) => !name.endsWith('.json'));
const room = mkdtempSync(join(tmpdir(), 'families-'));
afterAll(() => rmSync(room, { recursive: true }));

const json = (...path: string[]) => JSON.parse(readFileSync(join(fixtures, ...path), 'utf8')) as unknown;
const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] as [number, number][] }));
const tree = TreeBatch.from(sequences);

/** Log-probabilities of each row's tokens after the first. */
async function scored(model: Model, adapters: readonly Adapter[] = [], batch = tree): Promise<number[][]> {
  const values = await model.view(adapters).score(batch);
  const out = Array.from({ length: batch.sequences }, (): number[] => []);
  batch.labels.sequence.forEach((sequence: number, i: number) => out[sequence].push(values[i]));
  return out;
}

function close(got: number[][], want: number[][], bound: number): void {
  got.forEach((row, i) => row.forEach((x, j) => expect(Math.abs(x - want[i][j])).toBeLessThan(bound)));
  expect(got.map((row) => row.length)).toEqual(want.map((row) => row.length));
}

const bytes = (file: Safetensors) =>
  new Map([...file.tensors.keys()].map((name) => [name, Buffer.from(file.read(name).data.buffer)]));

describe.each(names)('%s', (name) => {
  const folder = join(fixtures, name);
  const values = json(name, 'values.json') as Values;
  const inside = ['gemma3', 'mistral3'].includes(values.family);

  it('gives the log-probabilities of transformers', async () => {
    const said: string[] = [];
    const model = await Model.load(folder, { onWarning: (message) => said.push(message) });
    close(await scored(model), values.base, 1e-4);
    const short = ['phi3-long', 'ministral3', 'ministral3-sees'].includes(name);
    expect(said).toEqual(short ? [expect.stringMatching(/paths of up to 16 tokens/)] : []);
    model.dispose();
  });

  it('is written back as it was: tensors, names, and config.json', async () => {
    const model = await Model.load(folder, { onWarning: () => {} });
    await model.save(join(room, name));
    expect(bytes(Safetensors.openIn(join(room, name), 'model'))).toEqual(
      bytes(Safetensors.openIn(folder, 'model')),
    );
    expect(JSON.parse(readFileSync(join(room, name, 'config.json'), 'utf8'))).toEqual(
      json(name, 'config.json'),
    );
    const again = await Model.load(join(room, name), { onWarning: () => {} });
    expect(await scored(again)).toEqual(await scored(model));
    model.dispose();
    again.dispose();
  });

  it('a row has the same bits in a tree and alone, decoded and prefilled', async () => {
    const model = await Model.load(folder, { onWarning: () => {} });
    const together = await scored(model);
    for (const [i, sequence] of sequences.entries())
      expect((await scored(model, [], TreeBatch.from([sequence])))[0]).toEqual(together[i]);
    const prompt = rows[0].slice(0, 6);
    const [[answer]] = await generate(model.view(), [prompt], { maxNewTokens: 9, seed: 3, eos: [] });
    const tokens = [...prompt, ...answer.tokens];
    const path = TreeBatch.from([{ tokens, targets: [[prompt.length, tokens.length]] }]);
    expect([...answer.logprobs]).toEqual((await scored(model, [], path))[0]);
    model.dispose();
  });

  it("has the gradients of PEFT's adapter", async () => {
    const { model, adapter } = await loadModelWithAdapter(folder, {
      adapter: join(folder, 'adapter'),
      onWarning: () => {},
    });
    close(await scored(model, [adapter!]), values.adapter, 1e-4);
    const set = adapter!.makeTrainable();
    const tape = new Tape();
    const count = tree.labels.label.length;
    const logprobs = tape.run(() => model.view([adapter!]).logprobs(tree));
    tape.backward(logprobs, new Float32Array(count).fill(-1 / count));
    const flat = (await set.grad.read()) as Float32Array;
    const want = Safetensors.open(join(folder, 'gradients.safetensors'));
    const got = new Map(
      set.entries.map(({ name: tensor, offset, shape }) => [
        tensor.replace('model.layers', inside ? 'model.language_model.layers' : 'model.layers'),
        flat.subarray(offset, offset + shape[0] * shape[1]),
      ]),
    );
    for (const tensor of want.tensors.keys())
      expect(relative(gradientOf(tensor, got), want.read(tensor).data)).toBeLessThan(1e-4);
    adapter!.dispose();
    model.dispose();
  });

  it.runIf(existsSync(join(folder, 'model.gguf')))('is the same as a GGUF file', async () => {
    const model = await Model.load(join(folder, 'model.gguf'), { onWarning: () => {} });
    close(await scored(model), values.base, 1e-4);
    model.dispose();
  });

  it.runIf(values.scores)('scores sequences as transformers does, and is written so', async () => {
    const model = await RewardModel.load(join(folder, 'score'), { onWarning: () => {} });
    const score = (of: RewardModel) => of.score(TreeBatch.from(rows.map((tokens) => of.sequence(tokens))));
    close([[...(await score(model))]], [values.scores!], 1e-4);
    const again = join(room, `${name}-score`);
    await model.save(again);
    expect(bytes(Safetensors.openIn(again, 'model'))).toEqual(
      bytes(Safetensors.openIn(join(folder, 'score'), 'model')),
    );
    model.dispose();
  });
});

/** Of a tensor of PEFT's. Where it adapts a matrix of fused rows, ours are of the parts: each has that A and rows of that B. */
function gradientOf(name: string, got: ReadonlyMap<string, Float32Array>): ArrayLike<number> {
  const own = got.get(name);
  if (own !== undefined) return own;
  const parts = name.includes('qkv_proj') ? ['q_proj', 'k_proj', 'v_proj'] : ['gate_proj', 'up_proj'];
  const all = parts.map((part) => got.get(name.replace(/qkv_proj|gate_up_proj/, part))!);
  if (name.includes('lora_B')) return all.flatMap((one) => [...one]);
  return all[0].map((_, i) => all.reduce((sum, one) => sum + one[i], 0));
}

/** The distance of two tensors over the length of the second. */
function relative(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let difference = 0;
  let length = 0;
  for (let i = 0; i < want.length; i++) {
    difference += (got[i] - want[i]) ** 2;
    length += want[i] ** 2;
  }
  return Math.sqrt(difference / length);
}
