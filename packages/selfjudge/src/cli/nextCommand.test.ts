import { describe, expect, it } from 'vitest';
import { nextCommand } from './nextCommand.js';

const config = { model_name_or_path: 'base model', dataset_name: ['a.jsonl', 'b.jsonl'], dtype: 'float32' };

describe('nextCommand', () => {
  it('goes on with the method: same data, same dtype, a folder beside the last', () => {
    expect(nextCommand('jsft', 'runs/a', config, { dtype: 'bf16' })).toMatch(
      /selfjudge self-train -m runs\/a --output_dir runs\/self-train --dtype float32 --dataset_name a.jsonl b.jsonl$/,
    );
  });

  it('compares a trained policy with its start, quoted for the shell', () => {
    expect(nextCommand('self-train', "it's", config, { dtype: 'float32' })).toMatch(
      /selfjudge evaluate -m 'it'\\''s' --baseline 'base model' --dataset_name a.jsonl b.jsonl$/,
    );
    // What all rows went into has to be evaluated on others.
    const all = { ...config, dataset_split: 'all' };
    expect(nextCommand('dpo', 'a', all, { dtype: 'float32' })).toMatch(/ --dataset_name OTHER.jsonl$/);
  });
});
