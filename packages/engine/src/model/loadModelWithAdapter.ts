import { resolve } from 'node:path';

import { ArgumentError } from '@selfjudge/base';
import type { Tokenizer } from '@selfjudge/text';
import { checkVocabulary } from '@selfjudge/text/internal';
import { Adapter } from './adapter.js';
import { baseOf, namedPath } from './adapterBase.js';
import { readAdapter, readParts } from './adapterFiles.js';
import type { AdapterParts } from './adapterParts.js';
import { adapterTokenizer } from './adapterTokenizer.js';
import type { Warn } from './checkTensors.js';
import type { ModelConfig } from './config.js';
import type { ModelUse } from './folderSource.js';
import { Model, warnerOf, type LoadOptions } from './model.js';
import { mergedSource } from './mergedSource.js';
import { openSource } from './openSource.js';
import { findModel, holdsReward, type FoundModel } from './paths.js';
import type { LoadableSource } from './source.js';

export interface LoadWithAdapterOptions extends LoadOptions {
  /** A folder with an adapter, or a run folder of one, to be put on the model of `path`, whatever base it names. */
  adapter?: string;
}

/** What a path for a model holds. */
export interface LoadedModel {
  model: Model;
  adapter?: Adapter;
  /**
   * Of an adapter that is more than low-rank matrices on the linear layers of blocks: what, in words. It is part of the
   * weights, which are no longer those of its base.
   */
  merged?: string[];
}

/**
 * Loads what a path means: a model, or an adapter (of PEFT's or mlx-lm's) with the base that it names, which must be on
 * this machine (absolute; from the working folder; or from the adapter's folder and those it lies in) or lie in its folder.
 * A tokenizer beside the adapter goes before the base's. Adapters with DoRA, modules_to_save, biases, or LoRA on table or
 * head are merged while the weights are read, as PEFT merges them.
 *
 * @throws FileFormatError for what cannot be read, ArgumentError for an adapter on top of one
 */
export async function loadModelWithAdapter(
  path: string,
  { adapter: given, ...options }: LoadWithAdapterOptions = {},
): Promise<LoadedModel> {
  const found = findModel(path);
  if (isAlone(found, given, options)) return { model: await Model.load(found.path, options) };
  const { parts, source, name } = await withAdapter(found, given, warnerOf(options));
  const model = await Model.fromSource(source, name, options);
  if (parts.beyond.length > 0) return { model, merged: parts.beyond };
  try {
    return {
      model,
      adapter: Adapter.of({ ...parts, base: given === undefined ? parts.base : undefined }, model),
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** What is known of a model before its weights are read. */
export interface ModelFacts {
  /** The folder or file that was meant by the path: final/ of a run folder. */
  path: string;
  config: ModelConfig;
  tokenizer?: Tokenizer;
}

/**
 * What `loadModelWithAdapter` or `RewardModel.load` would open, without weights: only headers are read.
 *
 * @throws as it does
 */
export async function modelFacts(
  path: string,
  { adapter, ...options }: LoadWithAdapterOptions = {},
): Promise<ModelFacts> {
  const found = findModel(path);
  const warn = warnerOf(options);
  const use = holdsReward(path) ? 'score' : 'text';
  const { config, tokenizer: read } = isAlone(found, adapter, options)
    ? openSource(found, warn, use)
    : (await withAdapter(found, adapter, warn, use)).source;
  const tokenizer = await read();
  if (tokenizer !== undefined) checkVocabulary(tokenizer, config.vocabSize);
  return { path: found.path, config, ...(tokenizer && { tokenizer }) };
}

/** Whether a path means a model and nothing on top of it. */
export const isAlone = (
  found: FoundModel,
  given: string | undefined,
  { withoutAdapter }: LoadOptions,
): boolean =>
  given === undefined && (found.kind !== 'adapter' || (withoutAdapter === true && found.holdsModel === true));

/**
 * An adapter, the tensors it lies on (with it where it is merged), and what a run calls them.
 * @param use 'score' for the adapter of a reward model
 * @param merging whether the tensors are to have any adapter in them
 */
export async function withAdapter(
  found: FoundModel,
  given: string | undefined,
  warn: Warn,
  use: ModelUse = 'text',
  merging = false,
): Promise<{ parts: AdapterParts; source: LoadableSource; name: string; folder: string; base: FoundModel }> {
  const folder = given === undefined ? found.path : adapterFolder(given);
  const base = given === undefined ? baseOf(found, warn) : baseGiven(found, given);
  const ofBase = openSource(base, warn, use);
  const parts = (use === 'score' ? readParts : readAdapter)(folder, ofBase.config, warn);
  const merged = merging || parts.beyond.length > 0;
  const source = merged ? mergedSource(ofBase, parts) : ofBase;
  const tokenizer = await adapterTokenizer(
    folder,
    await ofBase.tokenizer(),
    source.config.vocabSize,
    async () => tokenizerOfBase(parts.base, folder, base),
    warn,
  );
  return {
    parts,
    source: { ...source, tokenizer: () => Promise.resolve(tokenizer) },
    name: merged ? folder : base.path,
    folder,
    base,
  };
}

/** The adapter that a path means: the folder itself, or what a run folder holds. */
function adapterFolder(path: string): string {
  const found = findModel(path);
  if (found.kind === 'adapter') return found.path;
  throw new ArgumentError('adapter', {
    where: 'loadModelWithAdapter',
    expected: 'an adapter folder (with adapter_config.json) or a run folder of one',
    received: found.path,
  });
}

function baseGiven(found: FoundModel, adapter: string): FoundModel {
  if (found.kind !== 'adapter') return found;
  if (found.holdsModel === true) return { kind: 'folder', path: found.path };
  throw new ArgumentError('adapter', {
    where: 'loadModelWithAdapter',
    expected: `no further adapter, as ${found.path} is one already`,
    received: adapter,
  });
}

/** The tokenizer of the base that an adapter names, where it is here and not the one in use. */
async function tokenizerOfBase(name: string | undefined, folder: string, base: FoundModel) {
  const path = name === undefined ? undefined : namedPath(name, folder);
  if (path === undefined || resolve(path) === resolve(base.path)) return undefined;
  try {
    return await openSource(findModel(path), () => {}).tokenizer();
  } catch {
    return undefined; // not what is loaded
  }
}
