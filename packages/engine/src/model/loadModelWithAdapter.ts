import { resolve } from 'node:path';

import { ArgumentError } from '@selfjudge/base';
import { Adapter } from './adapter.js';
import { baseOf, namedPath } from './adapterBase.js';
import { readAdapter } from './adapterFiles.js';
import { adapterTokenizer } from './adapterTokenizer.js';
import { LlamaModel, warnerOf, type LoadOptions } from './llama.js';
import { mergedSource } from './mergedSource.js';
import { openSource } from './openSource.js';
import { findModel, type FoundModel } from './paths.js';

export interface LoadWithAdapterOptions extends LoadOptions {
  /** A folder with an adapter, or a run folder of one, to be put on the model of `path`, whatever base it names. */
  adapter?: string;
}

/** What a path for a model holds. */
export interface LoadedModel {
  model: LlamaModel;
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
  const alone = options.withoutAdapter === true && found.holdsModel === true;
  if (given === undefined && (found.kind !== 'adapter' || alone))
    return { model: await LlamaModel.load(found.path, options) };
  const onWarning = warnerOf(options);
  const folder = given === undefined ? found.path : adapterFolder(given);
  const base = given === undefined ? baseOf(found, onWarning) : baseGiven(found, given);
  const source = openSource(base, onWarning);
  const parts = readAdapter(folder, source.config, onWarning);
  const merged = parts.beyond.length > 0;
  const loaded = merged ? mergedSource(source, parts) : source;
  const tokenizer = await adapterTokenizer(
    folder,
    await source.tokenizer(),
    loaded.config.vocabSize,
    async () => tokenizerOfBase(parts.base, folder, base),
    onWarning,
  );
  const model = await LlamaModel.fromSource(
    { ...loaded, tokenizer: () => Promise.resolve(tokenizer) },
    merged ? folder : base.path,
    options,
  );
  if (merged) return { model, merged: parts.beyond };
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
