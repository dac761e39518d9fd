import type { Command } from 'commander';
import { MODEL_VERBS } from '../config/index.js';
import { mergeModel, type MergeHooks, type MergeResult } from '../export/mergeModel.js';
import type { MergeOptions } from '../export/options.js';
import { size } from '../export/outputFolder.js';
import { located } from '../hub/located.js';
import { withDownloads } from './downloads.js';
import { interruptible } from './exit.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { Progress } from './progress.js';

export function addMergeVerb(program: Command): void {
  const command = program
    .command('merge')
    .summary('a run as a model of its own: safetensors, GGUF, Ollama')
    .description(
      'Adds an adapter to the weights of its base and writes a model that needs neither, with its tokenizer, templates, ' +
        'terms and a model card.\n\n' +
        'What was written is read again: all weights, and the log-probabilities of three texts. Before they are right ' +
        'there is no folder.',
    );
  addModelFlags(command, 'merge')
    .optionsGroup('Output:')
    .option('--json', 'print the result as JSON on stdout')
    .action(async () => {
      const { json, prompt: _, out: __, ...given } = optionsOf(MODEL_VERBS.merge, command);
      const { options: found } = await interruptible((signal) =>
        withDownloads(signal, (hooks) => located(given, hooks)),
      );
      const { modelNameOrPath, outputDir, ...options } = found;
      const result = await follow(modelNameOrPath, outputDir, options);
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    });
}

async function follow(path: string, outputDir: string, options: MergeOptions): Promise<MergeResult> {
  let progress = new Progress('', '');
  const hooks: MergeHooks = {
    onPhase: (name, unit) => {
      progress.finish();
      progress = new Progress(' ', unit === 'bytes' ? 'MB' : unit);
      progress.say(name);
      inBytes = unit === 'bytes';
    },
    onProgress: (done, total) =>
      progress.update(
        ...(inBytes ? ([megabytes(done), megabytes(total)] as const) : ([done, total] as const)),
      ),
    onWarning: (message) => progress.say(`warning: ${message}`),
  };
  let inBytes = false;
  try {
    const result = await interruptible(
      (signal) => mergeModel(path, outputDir, options, { ...hooks, signal }),
      (line) => progress.say(line),
    );
    progress.finish();
    tell(result, (line) => progress.say(line));
    return result;
  } finally {
    progress.finish();
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);

function tell(
  { outputDir, files, bytes, stored, difference, fingerprint, notes, next }: MergeResult,
  say: (line: string) => void,
) {
  for (const note of notes) say(`note: ${note}`);
  const { of, count, mean, largest, computedIn } = difference;
  say(
    `${of} of three texts: ${mean.toPrecision(2)} apart on average, ${largest.toPrecision(2)} at most, over ${count} ` +
      `(computed in ${computedIn})`,
  );
  say(`weights: fingerprint ${fingerprint}, as written and as read again`);
  say(
    `done: ${outputDir}, ${size(bytes)} in ${stored}, ${files.length} file${files.length === 1 ? '' : 's'}`,
  );
  for (const command of next) say(`next: ${command}`);
}
