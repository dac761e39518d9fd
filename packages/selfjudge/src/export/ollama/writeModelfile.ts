import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readJsonObject, shellWord } from '@selfjudge/base';
import type { Tokenizer } from '@selfjudge/text';
import { ollamaTemplate } from './goTemplates.js';
import { modelfile, ollamaName } from './modelfile.js';

export interface OllamaModel {
  /** Told what the model was trained with. */
  tokenizer: Tokenizer;
  /** Whether the GGUF file says that BOS is put before text. */
  addsBos: boolean;
  /** In tokens. */
  context: number;
  /** Folders that may have a generation_config.json, nearest to the makers first. */
  folders: readonly string[];
  /** Paths from the folder of the Modelfile. */
  from: string;
  adapter?: string;
  comments?: readonly string[];
}

/** Writes a Modelfile into a folder. @returns what to know of its template */
export function writeModelfile(folder: string, model: OllamaModel): string[] {
  const { tokenizer, addsBos, context, from, adapter, comments = [] } = model;
  const template = ollamaTemplate(tokenizer, addsBos);
  const config = model.folders.map((one) => join(one, 'generation_config.json')).find(existsSync);
  const ends = [...new Set([...tokenizer.eos, ...tokenizer.turnEnd.slice(0, 1)])];
  const text = modelfile({
    from,
    ...(adapter !== undefined && { adapter }),
    stops: ends.map((id) => tokenizer.tokenText(id)),
    context,
    template,
    generation: config === undefined ? {} : readJsonObject(config),
    comments,
  });
  writeFileSync(join(folder, 'Modelfile'), text);
  return 'why' in template ? [`the Modelfile has no TEMPLATE: ${template.why}`] : [];
}

/** What to type next. @param canQuantize whether Ollama makes smaller files of this one */
export function ollamaCommands(outputDir: string, canQuantize: boolean): string[] {
  const words = [ollamaName(basename(outputDir)), '-f', join(outputDir, 'Modelfile')].map(shellWord);
  const create = `ollama create ${words.join(' ')}`;
  return canQuantize ? [create, `ollama create -q q4_K_M ${words.join(' ')}`] : [create];
}
