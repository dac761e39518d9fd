import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Adapter, Device, Model, type LoadedModel, type ModelView } from '@selfjudge/engine';
import {
  adapterBase,
  findModel,
  loadModelWithAdapter,
  mergeAdapters,
  namedPath,
  tokenizerIn,
} from '@selfjudge/engine/internal';
import { ArgumentError, fileSystemError } from '@selfjudge/base';
import type { TemplateSettings, Tokenizer } from '@selfjudge/text';
import { tokenizerDifference, turnProblem } from '@selfjudge/text/internal';
import { atomicFolder, folderFault, saveWeights } from '@selfjudge/training/internal';
import { carryTemplate, hasTemplate } from './judgeTemplate.js';
import { saveArguments, type ChatTemplateOptions } from './templateSettings.js';
import { toldTokenizer } from './toldTokenizer.js';
import { carryTrainingData } from './trainingData.js';

export interface ModelOptions extends ChatTemplateOptions {
  device?: 'auto' | 'cpu' | 'cuda';
  dtype?: 'float32' | 'bf16';
  /** An adapter folder on top of the model, whatever base it names. Its tokenizer goes before the model's. */
  adapter?: string;
  /** In the place of the tokenizer's own chat template: a name or a file. */
  chatTemplate?: string;
}

/** A model ready to work: weights, the adapter its path brought, and its tokenizer. */
export interface OpenModel {
  model: Model;
  adapter?: Adapter;
  /** Of an adapter that is part of the weights: what makes it more than an adapter can be here, in words. */
  merged?: string[];
  tokenizer: Tokenizer;
  /** What its chat template is told. */
  templateSettings: TemplateSettings;
  /** Of a reward model that is trained further: the values of its head, float32 [hiddenSize]. It predicts no tokens. */
  head?: Float32Array;
  /** Weights with the adapter. */
  view: ModelView;
  /** The folder or file that was meant by the path: final/ of a run folder. */
  path: string;
  dispose(): void;
}

/**
 * Opens a run folder, checkpoint, adapter, Hugging Face folder or GGUF file.
 * @param beforeWeights called when memory for weights is asked for next, see `Model.load`
 * @throws FileFormatError for what is none of these, ArgumentError for one without a tokenizer
 */
export async function openModel(
  path: string,
  { device = 'auto', dtype = 'bf16', adapter, ...options }: ModelOptions = {},
  beforeWeights?: () => void,
): Promise<OpenModel> {
  findModel(path); // what is no model is refused before a device is opened
  const loaded = await loadModelWithAdapter(path, {
    device: Device.open(device),
    dtype,
    beforeWeights,
    ...(adapter !== undefined && { adapter }),
  });
  try {
    const folder = adapter === undefined ? findModel(path).path : pathOf(path, adapter);
    return openedFrom(loaded, folder, options, { where: 'openModel', received: loaded.model.source });
  } catch (error) {
    loaded.adapter?.dispose();
    loaded.model.dispose();
    throw error;
  }
}

/** What was loaded, with its tokenizer told what the weights learnt and what is asked for. */
export function openedFrom(
  loaded: LoadedModel,
  folder: string,
  options: ModelOptions,
  at: Parameters<typeof toldTokenizer>[3],
): OpenModel {
  const { model } = loaded;
  const { plain, tokenizer, templateSettings } = toldTokenizer(model.tokenizer, folder, options, at);
  model.tokenizer = plain;
  return assemble(loaded, tokenizer, templateSettings, folder);
}

/** Of a model with an adapter on top, where the judge template lies that the weights learnt: beside the adapter, or the model. */
function pathOf(model: string, adapter: string): string {
  const [own, base] = [findModel(adapter).path, findModel(model).path];
  return hasTemplate(own) ? own : base;
}

const OWN_TEMPLATE = 'chat_template (--chat_template chatml or a file) chooses another format';

/** What to know about how a model is asked, as lines: that it brings no chat template, or that nothing ends its turns. */
export function formatWarnings({ tokenizer }: Pick<OpenModel, 'tokenizer'>): string[] {
  const lines: string[] = [];
  if (tokenizer.chatTemplate === undefined) {
    lines.push(
      `the model brings no chat template: turns are written as Human: and Assistant:; ${OWN_TEMPLATE}`,
    );
  }
  const problem = turnProblem(tokenizer);
  if (problem !== undefined) lines.push(`an answer ends only at the limit of its length: ${problem}`);
  return lines;
}

/** @throws ArgumentError where a model could not learn where its turns end */
export function checkTurns({ tokenizer }: OpenModel): void {
  const problem = turnProblem(tokenizer);
  if (problem === undefined) return;
  throw new ArgumentError('chat template', {
    where: 'train',
    expected: `one whose turns end with a token of the tokenizer; ${OWN_TEMPLATE}`,
    received: problem,
  });
}

/**
 * Opens `path` in the place of `opened`, which is over afterwards. Weights that are here already are not read again when
 * `path` is an adapter for them. Else they are freed, with masters and gradients, before memory for others is asked for:
 * there is never room for two models. What shows before that (no model there) leaves `opened` as it was; what shows
 * later (a file damaged in its middle) does not.
 */
export async function reopen(opened: OpenModel, path: string): Promise<OpenModel> {
  const { model, tokenizer, templateSettings } = opened;
  const found = findModel(path);
  const adapter = await adapterFor(opened, found);
  if (adapter !== undefined) {
    opened.adapter?.dispose();
    return assemble({ model, adapter }, tokenizer, templateSettings, found.path);
  }
  const told = { chatTemplateKwargs: templateSettings.arguments, chatTemplateDate: templateSettings.now };
  return openModel(path, { dtype: model.dtype, ...told }, () => opened.dispose());
}

/**
 * Opens `path` while `opened` goes on. Weights that are here already are shared: those of an adapter for them, and the base
 * itself. Closing it leaves `opened` as it is.
 */
export async function openBeside(opened: OpenModel, path: string): Promise<OpenModel> {
  const { model, tokenizer, templateSettings } = opened;
  const found = findModel(path);
  const shared = await sharedWith(opened, found);
  if (shared !== undefined)
    return {
      ...assemble({ model, ...shared }, tokenizer, templateSettings, found.path),
      dispose: () => shared.adapter?.dispose(),
    };
  const told = { chatTemplateKwargs: templateSettings.arguments, chatTemplateDate: templateSettings.now };
  return openModel(path, { dtype: model.dtype, ...told });
}

/**
 * Opens `path` on the weights of `opened`, where it is an adapter for them or their base and is asked as they are; else by itself. It is
 * told what lies beside its own weights. Closing it leaves `opened` as it is.
 */
export async function openSharing(
  opened: OpenModel | undefined,
  path: string,
  options: ModelOptions,
): Promise<OpenModel> {
  const { dtype = 'bf16', device = 'auto', adapter } = options;
  const isAlike =
    opened !== undefined &&
    adapter === undefined &&
    opened.model.dtype === dtype &&
    opened.model.device === Device.open(device);
  const shared = isAlike ? await sharedWith(opened, findModel(path)) : undefined;
  if (shared === undefined) return openModel(path, options);
  const { model } = opened!;
  const { path: folder } = findModel(path);
  const { tokenizer, templateSettings } = toldTokenizer(model.tokenizer, folder, options, {
    where: 'openModel',
    received: model.source,
  });
  return {
    ...assemble({ model, adapter: shared.adapter }, tokenizer, templateSettings, folder),
    dispose: () => shared.adapter?.dispose(),
  };
}

/** What is on the weights that are here where `found` is an adapter for them, or nothing where it is their base. */
async function sharedWith(
  opened: OpenModel,
  found: ReturnType<typeof findModel>,
): Promise<{ adapter?: Adapter } | undefined> {
  const { model, merged } = opened;
  const isBase =
    found.kind === 'folder' &&
    model.source !== undefined &&
    model.parameterSet === undefined &&
    merged === undefined &&
    resolve(found.path) === resolve(model.source);
  if (isBase) return {};
  const adapter = await adapterFor(opened, found);
  return adapter && { adapter };
}

/** The adapter in a folder, where it is one for the weights that are here and reads text as they do. */
async function adapterFor(
  opened: OpenModel,
  { kind, path }: ReturnType<typeof findModel>,
): Promise<Adapter | undefined> {
  if (kind !== 'adapter' || !isForWeightsOf(opened, path) || !(await isSameText(opened, path)))
    return undefined;
  return Adapter.load(path, opened.model, Model.onWarning);
}

/** Whether an adapter is for the weights that are here as they are. One that names no base is. */
function isForWeightsOf({ model, merged }: OpenModel, folder: string): boolean {
  if (model.parameterSet !== undefined || merged !== undefined) return false;
  const name = adapterBase(folder);
  if (name === undefined) return true;
  const path = namedPath(name, folder);
  return path !== undefined && model.source !== undefined && resolve(path) === resolve(model.source);
}

/** Whether the tokenizer beside an adapter, if any, is the one that is here. */
async function isSameText({ tokenizer }: OpenModel, folder: string): Promise<boolean> {
  const own = await tokenizerIn(folder);
  if (own === undefined) return true;
  return own.chatTemplate === tokenizer.chatTemplate && tokenizerDifference(own, tokenizer) === undefined;
}

/**
 * Writes a model into a new folder, whole or not at all: with an adapter a PEFT folder that names its base, or, with
 * `merge`, weights with the adapter added to them. The judge template goes along.
 * @throws ArgumentError when the folder holds something that no earlier save wrote
 */
export async function saveModel(
  opened: OpenModel,
  dir: string,
  { merge }: { merge: boolean },
): Promise<void> {
  const { model, adapter, tokenizer, templateSettings, path } = opened;
  if (holdsSomethingElse(dir))
    throw new ArgumentError('dir', {
      where: 'save',
      expected: 'a new folder, an empty one, or one that an earlier save wrote',
      received: dir,
    });
  await atomicFolder(dir, async (temporary) => {
    if (adapter === undefined) await saveWeights(model, temporary);
    else if (merge) {
      const merged = await mergeAdapters(model, [adapter]);
      try {
        await merged.save(temporary);
      } finally {
        merged.dispose();
      }
    } else {
      await adapter.save(temporary);
      await tokenizer.save(temporary);
    }
    carryTemplate(path, temporary);
    saveArguments(templateSettings, temporary);
    carryTrainingData(path, temporary);
  });
}

function holdsSomethingElse(dir: string): boolean {
  try {
    return existsSync(dir) && readdirSync(dir).length > 0 && folderFault(dir) !== undefined;
  } catch (error) {
    throw fileSystemError(dir, 'a folder', error);
  }
}

function assemble(
  { model, adapter, merged }: LoadedModel,
  tokenizer: Tokenizer,
  templateSettings: TemplateSettings,
  path: string,
): OpenModel {
  return {
    model,
    adapter,
    ...(merged !== undefined && { merged }),
    tokenizer,
    templateSettings,
    view: model.view(adapter === undefined ? [] : [adapter]),
    path,
    dispose() {
      adapter?.dispose();
      model.dispose();
    },
  };
}
