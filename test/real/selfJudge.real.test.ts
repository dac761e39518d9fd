// The method on real weights in its shortest form: JSFT, then self-training from its result, by command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadModelWithAdapter } from '@selfjudge/engine';
import { rowsOf, run, temporaryFolder } from '../support/cli.js';
import { root, tokenLogprobs, weights } from './real.js';

describe.skipIf(weights === '')('JSFT and self-training on real weights, bf16', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const [jsft, selfTrained] = ['jsft', 'self-train'].map((name) => join(folder.path, name));
  const data = ['--dataset_name', join(root, 'test/data/preferences.jsonl'), '--dataset_split', 'all'];
  const shared = [...data, '--dataset_limit', '12', '--max_steps', '2', '--lora_r', '4'];

  async function metricsOf(output: string, args: string[]): Promise<Record<string, number>[]> {
    const { code, stderr } = await run([...args, '--output_dir', output]);
    expect(stderr).not.toMatch(/error/);
    expect(code).toBe(0);
    return rowsOf(readFileSync(join(output, 'metrics.jsonl'), 'utf8')) as Record<string, number>[];
  }

  it('JSFT trains answers and verdicts', async () => {
    const batches = ['--train_batch_size', '4', '--judge_batch_size', '4'];
    const metrics = await metricsOf(jsft, ['jsft', '-m', weights, ...shared, ...batches]);
    expect(metrics).toHaveLength(2);
    for (const row of metrics)
      for (const key of ['loss', 'loss/sft', 'loss/verdict', 'grad_norm'])
        expect(row[key], key).toBeGreaterThan(0);
  });

  it('self-training starts at log 2, sampler and trainer agree to the bit', async () => {
    const batch = ['--train_batch_size', '6', '--max_new_tokens', '24', '--missing_eos', 'keep'];
    const metrics = await metricsOf(selfTrained, ['self-train', '-m', jsft, ...shared, ...batch]);
    expect(metrics).toHaveLength(2);
    expect(metrics[0].loss).toBeCloseTo(Math.LN2, 12);
    expect(metrics[0]['rewards/margins']).toBe(0);
    expect(metrics[1].loss).not.toBe(metrics[0].loss);
    for (const row of metrics) expect(row['sampling/logp_diff']).toBe(0);
  });

  it('both results open, and differ', async () => {
    const logprobs: Float32Array[] = [];
    for (const path of [jsft, selfTrained]) {
      const { model, adapter } = await loadModelWithAdapter(path, { dtype: 'bf16' });
      const ids = model.tokenizer!.encode('The better one is Response A, for it names three rivers.');
      logprobs.push(await tokenLogprobs(model.view([adapter!]), ids));
      adapter!.dispose();
      model.dispose();
    }
    expect(logprobs[0].every(Number.isFinite)).toBe(true);
    expect(logprobs[1].every(Number.isFinite)).toBe(true);
    expect(logprobs[1]).not.toEqual(logprobs[0]);
  });
});
