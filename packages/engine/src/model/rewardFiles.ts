import { join } from 'node:path';

import { ArgumentError, FileFormatError, makeFolder, readJsonObject } from '@selfjudge/base';
import { writeJson } from '@selfjudge/base/internal';
import { Adapter } from './adapter.js';
import type { AdapterParts, PartTensor } from './adapterParts.js';
import type { ModelConfig } from './config.js';
import { writeSafetensors, type TensorToWrite } from './files/writeSafetensors.js';
import { float32Of, type HostTensor } from './files/safetensors.js';
import { familyOf } from './families/index.js';
import { configToHf } from './hfConfig.js';
import { Model, warnerOf, type LoadOptions } from './model.js';
import { withAdapter } from './loadModelWithAdapter.js';
import { modelTensors } from './modelTensors.js';
import { openSource } from './openSource.js';
import { findModel } from './paths.js';
import type { ModelSource, StoredDtype } from './source.js';
import type { ModelView } from './view.js';
import type { ModelWeights } from './weights.js';

const SCORE = 'score.weight';

/** What the files of a reward model hold. */
export interface RewardParts {
  model: Model;
  adapter?: Adapter;
  /** Of an adapter that is part of the weights: what makes it more than an adapter can be here, in words. */
  merged?: string[];
  /** The head's values. */
  score: Float32Array;
  padTokenId?: number;
}

/**
 * Reads a folder of transformers' sequence classification with one label, or an adapter of PEFT's for one (SEQ_CLS) with
 * the base that it names.
 *
 * @throws FileFormatError for what is no reward model: without a head, of several labels, with values that are not finite
 */
export async function readReward(path: string, options: LoadOptions): Promise<RewardParts> {
  const found = findModel(path);
  const warn = warnerOf(options);
  if (found.kind !== 'adapter') {
    const source = openSource(found, warn, 'score');
    const score = headOf(source, found.path);
    const { padTokenId } = source.config;
    return { model: await Model.fromSource(source, found.path, options), score, padTokenId };
  }
  const { parts, source, name } = await withAdapter(found, undefined, warn, 'score');
  const score = adaptersHead(parts, source.config);
  const model = await Model.fromSource(source, name, options);
  const padTokenId = paddingOf(model);
  if (parts.beyond.length > 0) return { model, merged: parts.beyond, score, padTokenId };
  try {
    return { model, adapter: Adapter.of(parts, model), score, padTokenId };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The head of a folder of sequence classification. @throws FileFormatError for a folder that is none, of one label */
export function headOf(source: ModelSource, folder: string): Float32Array {
  if (source.score === undefined) throw withoutHead(source.path);
  assertOneLabel(join(folder, 'config.json'));
  return scoreOf(source.path, { name: SCORE, ...source.score() }, source.config.hiddenSize);
}

/** The head that an adapter for sequence classification brings. @throws FileFormatError where it brings none, of one label */
export function adaptersHead({ path, score }: AdapterParts, { hiddenSize }: ModelConfig): Float32Array {
  if (score === undefined) throw withoutHead(path);
  assertShape(path, score.name, score.shape, hiddenSize);
  return score.read();
}

/** What TRL fills batches with: the tokenizer's padding, else its end token; without a tokenizer what the config says. */
export function paddingOf({
  tokenizer,
  config,
}: Pick<ModelWeights, 'tokenizer' | 'config'>): number | undefined {
  return tokenizer?.pad ?? tokenizer?.eos.at(0) ?? config.padTokenId;
}

/** Writes what `readReward` reads: an adapter where the view has some, stacked where it has two, else all weights. */
export async function writeReward(
  folder: string,
  { model, adapters }: ModelView,
  score: Float32Array,
  padTokenId: number | undefined,
): Promise<void> {
  makeFolder(folder);
  if (adapters.length > 0) {
    const whole = adapters.length === 1 ? adapters[0] : await Adapter.stack(adapters);
    try {
      await whole.save(folder, score);
    } finally {
      if (whole !== adapters[0]) whole.dispose();
    }
  } else {
    // A text model inside another is written as the text model alone: that is what is classified.
    const origin = isInside(model) ? undefined : model.origin;
    const { config, dtype } = model;
    const text = { config, dtype, origin, parameters: () => model.parameters() };
    const json = scoreConfigToHf({ config, origin }, dtype, padTokenId);
    const tensors = withHead(await modelTensors(text), score);
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    await writeJson(join(folder, 'config.json'), json);
  }
  await model.tokenizer?.save(folder);
}

/** Whether it is the text model of one that sees. */
export function isInside({ origin }: Pick<ModelWeights, 'origin'>): boolean {
  return origin?.config.text_config !== undefined;
}

/** The tensors of a model with the head that takes the place of its own. */
export function withHead(tensors: readonly TensorToWrite[], score: Float32Array): TensorToWrite[] {
  const head: TensorToWrite = { name: SCORE, shape: [1, score.length], dtype: 'F32', values: () => score };
  return [...tensors.filter(({ name }) => name !== 'lm_head.weight'), head];
}

/** config.json of a sequence classification with one label. @throws ArgumentError where transformers has none of the family */
export function scoreConfigToHf(
  { config, origin }: Pick<ModelWeights, 'config' | 'origin'>,
  dtype: StoredDtype,
  padTokenId: number | undefined,
): Record<string, unknown> {
  const family = familyOf(config);
  if (family?.classes.score === undefined) throw withoutClass(family?.title);
  return {
    ...configToHf(config, dtype, origin?.config),
    architectures: [family.classes.score],
    id2label: { 0: 'LABEL_0' },
    label2id: { LABEL_0: 0 },
    pad_token_id: padTokenId ?? null,
  };
}

/** What config.json says of the labels; where it says nothing transformers takes two. */
function assertOneLabel(path: string): void {
  const { id2label, num_labels: count } = readJsonObject(path);
  const labels = typeof id2label === 'object' && id2label !== null ? Object.keys(id2label).length : count;
  if (labels === 1) return;
  throw new FileFormatError({
    path,
    expected: 'a reward model: num_labels 1, or an id2label of one entry',
    received: labels === undefined ? 'neither, which means 2 to transformers' : `${String(labels)} labels`,
  });
}

function assertShape(path: string, name: string, shape: readonly number[], width: number): void {
  if (shape.length === 2 && shape[0] === 1 && shape[1] === width) return;
  throw new FileFormatError({
    path,
    expected: `'${name}' of shape [1, ${width}], one label`,
    received: `shape [${shape.join(', ')}]`,
  });
}

function scoreOf(path: string, tensor: HostTensor & Pick<PartTensor, 'name'>, width: number): Float32Array {
  const { name, shape } = tensor;
  assertShape(path, name, shape, width);
  const values = float32Of(tensor);
  const at = values.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return values;
  throw new FileFormatError({
    path,
    expected: `finite values in '${name}'`,
    received: `${values[at]} at ${at}`,
  });
}

const withoutClass = (title = 'its family') =>
  new ArgumentError('model', {
    where: 'RewardModel.save',
    expected: 'a family that transformers has a sequence classification of, or an adapter',
    received: title,
  });

const withoutHead = (path: string) =>
  new FileFormatError({
    path,
    expected: "the head of a reward model, 'score.weight'",
    received: 'none',
    advice: 'It predicts tokens: as a judge it is asked in words, or a reward model is trained on it first.',
  });
