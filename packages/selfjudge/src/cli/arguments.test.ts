import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { MODEL_VERBS, TRAINING_VERBS } from '../config/index.js';
import { addConfigFlags, givenFlags, normaliseFlags } from './arguments.js';

function given(...argv: string[]) {
  const command = new Command('sft').exitOverride().configureOutput({ writeErr: () => {} });
  addConfigFlags(command, TRAINING_VERBS.sft);
  command.parse(normaliseFlags(argv), { from: 'user' });
  return givenFlags(command);
}

describe('normaliseFlags', () => {
  it('makes kebab flags snake flags and leaves values alone', () => {
    expect(normaliseFlags(['--learning-rate', 'a-b', '--output-dir=x-y', '-m', '--', '--a-b'])).toEqual([
      '--learning_rate',
      'a-b',
      '--output_dir=x-y',
      '-m',
      '--',
      '--a-b',
    ]);
  });
});

describe('addConfigFlags', () => {
  it('takes both spellings, short flags, lists and lone switches, and nothing that was not given', () => {
    expect(
      given('--lora-r', '4', '-m', 'model', '--dataset_name', 'a', 'b', '--full_finetuning', '--seed=3'),
    ).toEqual({
      lora_r: '4',
      model_name_or_path: 'model',
      dataset_name: ['a', 'b'],
      full_finetuning: 'true',
      seed: '3',
    });
  });

  it("takes TRL's flags, which the configuration then maps or refuses", () => {
    expect(given('--per_device_train_batch_size', '2', '--bf16')).toEqual({
      per_device_train_batch_size: '2',
      bf16: 'true',
    });
  });

  it('shows groups, choices and defaults', () => {
    const command = new Command('jsft');
    addConfigFlags(command, TRAINING_VERBS.jsft);
    const help = command.helpInformation().replaceAll(/\s+/g, ' ');
    expect(help).toMatch(/Model and data:.*Method:.*Adapter:.*Training loop:/);
    expect(help).toContain('--train_on <value> assistant turns that are labels (last, all; default: last)');
    expect(help).toContain('(default: all-linear)');
    expect(help).not.toContain('--bf16');
    const merge = new Command('merge');
    addConfigFlags(merge, MODEL_VERBS.merge);
    expect(merge.helpInformation().replaceAll(/\s+/g, ' ')).toContain('(F32, F16, BF16, Q8_0, Q4_0)');
  });
});
