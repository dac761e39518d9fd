import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArgumentError,
  Device,
  findModel,
  loadModelWithAdapter,
  type Adapter,
  type LlamaModel,
  type ModelView,
  type Tokenizer,
} from '@selfjudge/core';
import { formatJudgeTemplate, loadJudgeTemplate, type JudgeTemplate } from '@selfjudge/judging';

export interface ModelOptions {
  device?: 'auto' | 'cpu' | 'cuda';
  dtype?: 'float32' | 'bf16';
  /** An adapter folder on top of the model. */
  adapter?: string;
}

/** A model ready to work: weights, the adapter its path brought, and its tokenizer. */
export interface OpenModel {
  model: LlamaModel;
  adapter?: Adapter;
  tokenizer: Tokenizer;
  /** Weights with the adapter. */
  view: ModelView;
  /** The folder or file that was meant by the path: final/ of a run folder. */
  path: string;
  dispose(): void;
}

/** Opens a run folder, checkpoint, adapter, Hugging Face folder or GGUF file. @throws FileFormatError */
export async function openModel(path: string, { device = 'auto', dtype = 'bf16', adapter }: ModelOptions = {}): Promise<OpenModel> {
  const found = findModel(path);
  const opened = Device.open(device);
  const base = await loadModelWithAdapter(path, { device: opened, dtype });
  const { model } = base;
  if (adapter !== undefined && base.adapter !== undefined)
    throw new ArgumentError('adapter', {
      where: 'openModel',
      expected: `no further adapter, as ${path} is one already`,
      received: adapter,
    });
  const own = adapter === undefined ? base.adapter : await loadAdapter(adapter, model);
  if (model.tokenizer === undefined)
    throw new ArgumentError('model_name_or_path', {
      where: 'openModel',
      expected: 'a model with a tokenizer (tokenizer.json in its folder)',
      received: path,
    });
  return {
    model,
    adapter: own,
    tokenizer: model.tokenizer,
    view: model.view(own === undefined ? [] : [own]),
    path: found.path,
    dispose() {
      own?.dispose();
      model.dispose();
    },
  };
}

async function loadAdapter(path: string, model: LlamaModel): Promise<Adapter> {
  const { Adapter: Lora } = await import('@selfjudge/core');
  return Lora.load(findModel(path).path, model);
}

const TEMPLATE_FILE = 'judge_template.yaml';

/** `auto`: the template that was trained into the weights and is saved beside them, else the plain one. */
export function resolveTemplate(nameOrPath: string, { path }: { path: string }): JudgeTemplate {
  if (nameOrPath !== 'auto') return loadJudgeTemplate(nameOrPath);
  const beside = join(path, TEMPLATE_FILE);
  return loadJudgeTemplate(existsSync(beside) ? beside : 'plain');
}

/** Saves a template beside the weights that learnt it, where `auto` finds it. */
export function saveTemplate(template: JudgeTemplate, folder: string): void {
  writeFileSync(join(folder, TEMPLATE_FILE), formatJudgeTemplate(template));
}

/** Takes the template beside one set of weights along to weights trained from them. */
export function carryTemplate(from: string, folder: string): void {
  const source = join(from, TEMPLATE_FILE);
  if (existsSync(source)) copyFileSync(source, join(folder, TEMPLATE_FILE));
}
