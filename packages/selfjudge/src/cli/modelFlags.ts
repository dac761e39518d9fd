import { Option, type Command } from 'commander';
import type { ModelOptions } from '../models/model.js';

/** Flags of the verbs that read rows and write rows with a model. */
export interface RowFlags extends ModelOptions {
  model: string;
  out?: string;
  json?: boolean;
}

/** `-m`, and what it computes in and on. */
export function addModelFlags(command: Command, what = 'the model'): Command {
  return command
    .optionsGroup('Model:')
    .requiredOption(
      '-m, --model <path>',
      `${what}: run folder, checkpoint, adapter, Hugging Face folder or GGUF file`,
    )
    .option('--adapter <path>', 'an adapter on top of it')
    .addOption(
      new Option('--dtype <dtype>', 'storage of weights and activations')
        .choices(['float32', 'bf16'])
        .default('bf16'),
    )
    .addOption(
      new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'cuda']).default('auto'),
    );
}

/** `--out` and `--json`, which every verb over rows has. @param json what the latter means for the verb */
export function addOutputFlags(
  command: Command,
  json = 'taken as by every verb; rows are JSON lines anyway',
): Command {
  return command
    .optionsGroup('Output:')
    .option('--out <file>', 'write the rows here instead of on stdout; the file appears whole or not at all')
    .option('--json', json);
}
