import { join } from 'node:path';

import { makeFolder } from '@selfjudge/base';
import { writeJson } from '@selfjudge/base/internal';
import type { Device } from '../tensor/device.js';
import type { AdapterParts } from './adapterParts.js';
import { parameterSpecs } from './config.js';
import { writeShards } from './files/writeShards.js';
import { bytesToWrite, type TensorToWrite } from './files/writeSafetensors.js';
import { configToHf } from './hfConfig.js';
import { isAlone, withAdapter } from './loadModelWithAdapter.js';
import { warnerOf, type LoadOptions } from './model.js';
import { inFiles } from './modelTensors.js';
import { openSource } from './openSource.js';
import { findModel, holdsReward, type FoundModel } from './paths.js';
import { adaptersHead, headOf, isInside, paddingOf, scoreConfigToHf, withHead } from './rewardFiles.js';
import type { LoadableSource, StoredDtype } from './source.js';
import { storedTensors, WrittenTensors } from './storedTensors.js';

const HEAD = 'lm_head.weight';

/** What a path for a model means, with no weight read yet. */
export interface ModelToMerge {
  /** The folder or file that was meant: final/ of a run folder. */
  path: string;
  /** The tensors, with the adapter in them. */
  source: LoadableSource;
  /** What the adapter lies on; where there is none, the model itself. */
  base: FoundModel;
  adapter?: { folder: string; parts: AdapterParts };
  /** Of a reward model, its head and the token that fills batches. */
  reward?: { score: Float32Array; padTokenId?: number };
}

/**
 * Finds what `loadModelWithAdapter` or `RewardModel.load` would open, to be written with its adapter in the weights.
 *
 * @param options.adapter a folder with an adapter on top of a model
 * @throws as they do
 */
export async function modelToMerge(
  path: string,
  { adapter, ...options }: Pick<LoadOptions, 'onWarning'> & { adapter?: string } = {},
): Promise<ModelToMerge> {
  const found = findModel(path);
  const warn = warnerOf(options);
  const scores = holdsReward(path);
  const use = scores ? 'score' : 'text';
  if (isAlone(found, adapter, options)) {
    const source = openSource(found, warn, use);
    const whole = { path: found.path, source, base: found };
    if (!scores) return whole;
    const { padTokenId } = source.config;
    return { ...whole, reward: { score: headOf(source, found.path), padTokenId } };
  }
  const { parts, source, folder, base } = await withAdapter(found, adapter, warn, use, true);
  const whole = { path: found.path, source, base, adapter: { folder, parts } };
  if (!scores) return whole;
  const padTokenId = paddingOf({ tokenizer: await source.tokenizer(), config: source.config });
  return { ...whole, reward: { score: adaptersHead(parts, source.config), padTokenId } };
}

export interface WriteFolderOptions {
  /** What weights are rounded to, once. */
  dtype: StoredDtype;
  /** Bytes of a file of weights at most, but for a tensor that is larger. */
  maxShardBytes: number;
  /** Where an adapter's matrices are multiplied. */
  device: Device;
  /** Called before each tensor; may throw to end the work. @param done bytes written */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Writes weights and config.json as transformers opens them, a tensor at a time.
 *
 * @returns the fingerprint that the model has when it is loaded from the folder, and the names of the files of weights
 * @throws FileFormatError for values that are not finite, or have no number in `dtype`
 */
export async function writeModelFolder(
  folder: string,
  model: ModelToMerge,
  { dtype, maxShardBytes, device, onProgress }: WriteFolderOptions,
): Promise<{ fingerprint: string; files: string[] }> {
  makeFolder(folder);
  const written = new WrittenTensors(folder);
  const { config, tensors } = await folderTensors(model, dtype, device, written);
  await writeJson(join(folder, 'config.json'), config);
  const files = await writeShards(folder, 'model', watched(tensors, onProgress), maxShardBytes);
  return { fingerprint: written.digest(namesOf(model)), files };
}

/** Bytes of the files of weights that `writeModelFolder` writes, but for their headers. */
export function folderBytes({ source, reward }: ModelToMerge, dtype: StoredDtype): number {
  const values = [...parameterSpecs(source.config)].reduce(
    (sum, { name, shape }) =>
      reward !== undefined && name === HEAD ? sum : sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  const beside = reward === undefined ? (source.origin?.beside ?? []) : [];
  return beside.reduce((sum, tensor) => sum + bytesToWrite(tensor), values * (dtype === 'float32' ? 4 : 2));
}

/** The names of the tensors that the model is loaded from, in its order. */
export function* namesOf({ source, reward }: ModelToMerge): Generator<string> {
  for (const { name } of parameterSpecs(source.config)) if (reward === undefined || name !== HEAD) yield name;
}

async function folderTensors(
  model: ModelToMerge,
  dtype: StoredDtype,
  device: Device,
  written: WrittenTensors,
): Promise<{ config: Record<string, unknown>; tensors: TensorToWrite[] }> {
  const { source, reward } = model;
  const tensors = await storedTensors(source, dtype, device, written);
  const { config } = source;
  if (reward === undefined)
    return { config: configToHf(config, dtype, source.origin?.config), tensors: inFiles(tensors, source) };
  const origin = isInside(source) ? undefined : source.origin;
  return {
    config: scoreConfigToHf({ config, origin }, dtype, reward.padTokenId),
    tensors: withHead(inFiles(tensors, { config, origin }), reward.score),
  };
}

/** Tensors that say how far the writing is when their turn comes. */
export function watched(
  tensors: readonly TensorToWrite[],
  onProgress: WriteFolderOptions['onProgress'],
): TensorToWrite[] {
  const total = tensors.reduce((sum, tensor) => sum + bytesToWrite(tensor), 0);
  let done = 0;
  return tensors.map((tensor) => ({
    ...tensor,
    values: () => {
      onProgress?.(done, total);
      done += bytesToWrite(tensor);
      return tensor.values();
    },
  }));
}
