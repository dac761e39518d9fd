import { Option, type Command } from 'commander';

/** Flags of the verbs that use a model without training it. */
export function addModelFlags(command: Command): Command {
  return command
    .requiredOption('-m, --model <path>', 'run folder, checkpoint, adapter, Hugging Face folder or GGUF file')
    .option('--adapter <path>', 'adapter on top of the model')
    .addOption(new Option('--dtype <dtype>', 'storage of weights and activations').choices(['float32', 'bf16']).default('bf16'))
    .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'cuda']).default('auto'))
    .option('--out <file>', 'write rows here instead of stdout');
}
