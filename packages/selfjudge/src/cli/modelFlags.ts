import type { PromptFormat } from '@selfjudge/data';
import type { Command } from 'commander';
import {
  MODEL_VERBS,
  resolveVerb,
  valuesOf,
  type ModelVerb,
  type Schemas,
  type ValuesOf,
  type VerbConfig,
} from '../config/index.js';
import type { ModelOptions } from '../models/model.js';
import { addConfigFlags, givenFlags } from './arguments.js';

/** What a verb over rows takes beside its rows. */
export interface RowOptions extends ModelOptions {
  modelNameOrPath: string;
  promptFormat: PromptFormat | 'auto';
  datasetShape?: string;
  out?: string;
  json?: boolean;
}

/** Flags that are no fields of the configuration. */
interface OwnFlags {
  prompt?: string;
  out?: string;
  json?: boolean;
}

/** The flags of a verb that uses a model, by the fields of its configuration. */
export const addModelFlags = (command: Command, name: ModelVerb): Command =>
  addConfigFlags(command, MODEL_VERBS[name]);

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

/**
 * What was asked for, under the API's names, every value in its range.
 * @throws ConfigError naming the flag, before any work
 */
export function optionsOf<S extends Schemas>(verb: VerbConfig<S>, command: Command): ValuesOf<S> & OwnFlags {
  const { prompt, out, json } = command.opts<OwnFlags>();
  const flags = givenFlags(command, ['prompt', 'out', 'json']);
  const onNote = (note: string) => void process.stderr.write(`note: ${note}\n`);
  const config = resolveVerb(command.name(), verb, { flags, onNote });
  return { ...valuesOf(verb.options, config), prompt, out, json };
}
