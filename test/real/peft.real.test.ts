// An adapter trained here by `selfjudge dpo`, opened by Python's peft (benchmarks/peers/peft_scores.py), float32.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adapter, type Model } from '@selfjudge/engine';
import { temporaryFolder } from '../support/cli.js';
import { figure, fixture, largestDifference, loadReal, root, tokenLogprobs, weights } from './real.js';

interface Peft {
  rows: { ids: number[]; base: number[]; logprobs: number[] }[];
}

const folder = join(root, 'benchmarks/peers/fixtures/adapter');

describe.skipIf(weights === '')('an adapter trained here, in peft', () => {
  const { rows } = fixture<Peft>('peft.json');
  let model: Model;
  let adapter: Adapter;
  beforeAll(async () => {
    model = await loadReal();
    adapter = await Adapter.load(folder, model);
  });
  afterAll(() => {
    adapter.dispose();
    model.dispose();
  });

  it('gives the same log-probabilities', async () => {
    const differences = { adapter: 0, base: 0, effect: 0 };
    for (const { ids, base, logprobs } of rows) {
      const [ours, plain] = [
        await tokenLogprobs(model.view([adapter]), ids),
        await tokenLogprobs(model.view(), ids),
      ];
      differences.adapter = Math.max(differences.adapter, largestDifference(ours, logprobs));
      differences.base = Math.max(differences.base, largestDifference(plain, base));
      differences.effect = Math.max(differences.effect, largestDifference(base, logprobs));
    }
    figure('log-probabilities with an adapter, largest difference', differences.adapter);
    expect(differences.adapter).toBeLessThan(1e-3);
    expect(differences.base).toBeLessThan(1e-3);
    expect(differences.effect).toBeGreaterThan(0.1);
  });

  it('is written back as the bytes it was read from, with the base that it lies on', async () => {
    const out = temporaryFolder();
    await adapter.save(out.path);
    const [tensors, was] = ['adapter_model.safetensors', 'adapter_config.json'].map((name) =>
      [out.path, folder].map((where) => readFileSync(join(where, name))),
    );
    expect(tensors[0].equals(tensors[1])).toBe(true);
    const base = { base_model_name_or_path: model.source };
    // The name that it came with means nothing on this machine (decision 023).
    expect(was[0].toString()).toBe(
      `${JSON.stringify({ ...JSON.parse(was[1].toString()), ...base }, null, 2)}\n`,
    );
    out.remove();
  });
});
