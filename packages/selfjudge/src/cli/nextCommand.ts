import { dirname, join } from 'node:path';
import { shellWord } from '@selfjudge/base';
import type { ResolvedConfig, TrainingVerb } from '../config/index.js';

/** What to type after a run: the step of the method that follows it, with the same data and dtype. */
export function nextCommand(
  verb: TrainingVerb,
  run: string,
  config: ResolvedConfig,
  defaults: Record<string, unknown>,
): string {
  const sibling = (name: string) => join(dirname(run), name);
  const further: Partial<Record<TrainingVerb, unknown[]>> = {
    sft: ['jsft', '-m', run, '--output_dir', sibling('jsft')],
    jsft: ['self-train', '-m', run, '--output_dir', sibling('self-train')],
    reward: [
      'self-train',
      '-m',
      config.model_name_or_path,
      '--judge',
      run,
      '--output_dir',
      sibling('self-train'),
    ],
  };
  const words = further[verb] ?? ['evaluate', '-m', run, '--baseline', config.model_name_or_path];
  const dtype = config.dtype === defaults.dtype ? [] : ['--dtype', config.dtype];
  // What it was trained on in whole shows nothing of it.
  const seen = words[0] === 'evaluate' && config.dataset_split === 'all';
  const data = ['--dataset_name', ...(seen ? ['OTHER.jsonl'] : [config.dataset_name].flat())];
  const shape = config.dataset_shape === undefined ? [] : ['--dataset_shape', config.dataset_shape];
  const rest = [...words, ...dtype, ...data, ...shape].map((word) => shellWord(String(word)));
  return [commandName(), ...rest].join(' ');
}

/** What this program was called as: by the package script it runs in, or by its own name. */
function commandName(): string {
  return process.env.npm_lifecycle_event === 'selfjudge' ? 'pnpm selfjudge' : 'selfjudge';
}
