// A real Gemma 3 against transformers on the same dequantised weights (benchmarks/peers/gemma_parity.py), float32, and every
// verb on it: a base model without a chat template, in blocks of K-quants.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { Model } from '@selfjudge/engine';
import { rowsOf, run, temporaryFolder } from '../support/cli.js';
import { writeRows } from '../support/tinyModel.js';
import { digest, figure, fixture, largestDifference, preferences, root, tokenLogprobs } from './real.js';

const path = inject('gemma');
const folder = temporaryFolder();
afterAll(() => folder.remove());

describe.skipIf(path === '')('Gemma 3 270M', () => {
  it('has the ids and log-probabilities of transformers on 20 texts, one longer than its window', async () => {
    const { texts } = fixture<{ texts: { text: string; digest: string; logprobs: number[] }[] }>(
      'gemma_parity.json',
    );
    const model = await Model.load(path, { dtype: 'float32', onWarning: () => {} });
    let worst = 0;
    for (const { text, ...expected } of texts) {
      const ids = [model.config.bosTokenId!, ...model.tokenizer!.encode(text)];
      expect(digest(ids)).toBe(expected.digest);
      const logprobs = await tokenLogprobs(model.view(), ids);
      worst = Math.max(worst, largestDifference(logprobs, expected.logprobs));
    }
    figure('Gemma 3 270M, log-probabilities of 20 texts, largest difference', worst);
    expect(texts).toHaveLength(20);
    expect(worst).toBeLessThan(1e-3);
    model.dispose();
  });

  it('trains, answers and judges: jsft, self-train on what it judged, generate, judge', async () => {
    const data = join(root, 'test/data/preferences.jsonl');
    const rows = preferences.slice(0, 4);
    const prompts = writeRows(
      folder.path,
      'prompts.jsonl',
      rows.map(({ prompt }) => ({ prompt })),
    );
    const at = (name: string) => join(folder.path, name);
    await verb(
      'jsft',
      '-m',
      path,
      '--chat_template',
      'gemma',
      '--dataset_name',
      data,
      '--output_dir',
      at('jsft'),
      ...short,
      '--judge_batch_size',
      '2',
    );
    await verb(
      'self-train',
      '-m',
      at('jsft'),
      '--dataset_name',
      prompts,
      '--output_dir',
      at('self'),
      ...short,
      '--max_new_tokens',
      '8',
      '--missing_eos',
      'keep',
    );
    const out = at('answers.jsonl');
    await verb('generate', prompts, '-m', at('self'), '--max_new_tokens', '8', '--out', out);
    expect(rowsOf(readFileSync(out, 'utf8'))).toHaveLength(4);
    const pairs = writeRows(
      folder.path,
      'pairs.jsonl',
      rows.map(({ prompt, chosen, rejected }) => ({ prompt, chosen, rejected })),
    );
    await verb('judge', pairs, '-m', at('self'), '--out', out);
    const judged = rowsOf(readFileSync(out, 'utf8')) as { winner: string; probability: number }[];
    expect(judged).toHaveLength(4);
    for (const { winner, probability } of judged) {
      expect(['a', 'b', 'tie']).toContain(winner);
      expect(probability).toBeGreaterThan(0);
    }
  }, 300_000);
});

const short = ['--max_steps', '1', '--train_batch_size', '2'];

async function verb(...args: string[]): Promise<void> {
  const { code, stderr } = await run(args);
  expect(code, stderr).toBe(0);
}
