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
import { sayLine } from './exit.js';

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

/** Verbs over rows, which several processes share out by row. */
export const SHARED_VERBS: readonly ModelVerb[] = [
  'generate',
  'judge',
  'score',
  'evaluate',
  'evaluate judge',
  'evaluate policy',
  'evaluate injection',
];

/** A verb's name, with the verb that it is below. */
export function verbOf(command: Command): string {
  const above = command.parent;
  return above === null || above.parent === null ? command.name() : `${verbOf(above)} ${command.name()}`;
}

/** The flags of a verb that uses a model, by the fields of its configuration. */
export function addModelFlags(command: Command, name: ModelVerb): Command {
  addConfigFlags(command, MODEL_VERBS[name]);
  if (!SHARED_VERBS.includes(name)) return command;
  return command
    .optionsGroup('Processes:')
    .option(
      '--num_processes <n>',
      'share the rows out to n processes of this machine, by mpirun (docs/scaling.md)',
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

/**
 * What was asked for, under the API's names, every value in its range.
 * @throws ConfigError naming the flag, before any work
 */
export function optionsOf<S extends Schemas>(verb: VerbConfig<S>, command: Command): ValuesOf<S> & OwnFlags {
  const { prompt, out, json } = command.opts<OwnFlags>();
  const flags = givenFlags(command, ['prompt', 'out', 'json', 'num_processes']);
  const onNote = (note: string) => sayLine(`note: ${note}`);
  const config = resolveVerb(command.name(), verb, { flags, onNote });
  return { ...valuesOf(verb.options, config), prompt, out, json };
}
