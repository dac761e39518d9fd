import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { hasTokenizer } from '@selfjudge/text/internal';
import { checkTensors, named, type Warn } from './checkTensors.js';
import type { ModelConfig } from './config.js';
import { unpacked, type TensorFile } from './files/bitsandbytes.js';
import { readJsonObject } from '@selfjudge/base';
import { groupsOfRows } from './files/rows.js';
import { float32Of, Safetensors, type HostTensor } from './files/safetensors.js';
import type { TensorToWrite } from './files/writeSafetensors.js';
import { textModel } from './folderNames.js';
import { unfused } from './fusedRows.js';
import { configFromHf, holdsText } from './hfConfig.js';
import { quantizationOf, refuseQuantized } from './quantization.js';
import type { ModelSource, StoredDtype } from './source.js';

const TABLE = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const SCORE = 'score.weight';
/** Values of a table and a head that are compared at once. */
const COMPARED = 2 ** 20;
/** A buffer that old checkpoints hold, which transformers computes anew and drops without a word. */
const BUFFER = /(^|\.)rotary_emb\.inv_freq$/;

/** Whether a model is to predict tokens, or to score answers. */
export type ModelUse = 'text' | 'score';

/**
 * A folder as transformers writes it: config.json, model.safetensors or its shards, tokenizer files.
 * @param use a model that scores needs no lm_head, and its score.weight is no surplus: files of a sequence classification
 *   are like that
 */
export function folderSource(folder: string, warn: Warn = () => {}, use: ModelUse = 'text'): ModelSource {
  const path = join(folder, 'config.json');
  const generation = join(folder, 'generation_config.json');
  const json = readJsonObject(path);
  const quantization = quantizationOf(json, path);
  const config = configFromHf(
    json,
    path,
    existsSync(generation) ? readJsonObject(generation) : undefined,
    warn,
  );
  const weights = openWeights(folder, warn);
  refuseQuantized(weights.tensors.keys(), weights.path);
  const values = unpacked(weights);
  if (quantization !== 'none' && values === weights)
    warn(
      `${path}: quantization_config says ${quantization}, but the weights are not packed: read as they are`,
    );
  const file = textModel(values, holdsText(json), [HEAD, SCORE]);
  if (use === 'text' && !file.tensors.has(HEAD) && file.tensors.has(SCORE)) throw scoresOnly(file.path);
  const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  const scores = use === 'score' && shapes.has(SCORE);
  if (use === 'score') {
    shapes.delete(SCORE);
    // Nothing reads a head that is not there: the table stands in its place.
    if (!shapes.has(HEAD)) config.tieWordEmbeddings = true;
  }
  const split = unfused(file.path, config, shapes, (name, rows) => file.read(name, rows));
  const read = untied({ path: file.path, read: split }, config, shapes, warn);
  const surplus = checkTensors(file.path, config, shapes).filter((name) => !BUFFER.test(name));
  if (surplus.length > 0)
    warn(`${file.path}: ${named(surplus, 'tensor')} not used: by its config the model has none such`);
  const stored = storedAs((file.tensors.get(TABLE) ?? file.tensors.get(HEAD))?.dtype);
  return {
    path: file.path,
    config,
    origin: {
      config: json,
      nameOf: (name) => file.nameOf(name),
      beside: file.beside.map((name) => asItIs(name, weights, values)),
    },
    dtype: stored === 'float32' ? 'float32' : 'bf16',
    stored,
    ...(values !== weights && { packed: 'bitsandbytes 4-bit' }),
    read,
    ...(scores && { score: () => file.read(SCORE) }),
    tokenizer: async () => (hasTokenizer(folder) ? await Tokenizer.load(folder) : undefined),
  };
}

/** A tensor with the bytes that the file has; one that bitsandbytes packed with the values that they are. */
function asItIs(name: string, weights: Safetensors, values: TensorFile): TensorToWrite {
  const tensor = values.tensors.get(name)!;
  const { dtype, shape } = tensor;
  if (tensor === weights.tensors.get(name))
    return { name, dtype, shape, values: () => weights.readBytes(name) };
  return { name, dtype: dtype === 'BF16' ? dtype : 'F32', shape, values: () => values.read(name).data };
}

const storedAs = (dtype?: string): StoredDtype =>
  dtype === 'F32' ? 'float32' : dtype === 'F16' ? 'float16' : 'bf16';

const scoresOnly = (path: string) =>
  new FileFormatError({
    path,
    expected: `a model that predicts tokens, with '${HEAD}' or a tied table alone`,
    received: `'${SCORE}', the head of a reward model`,
    advice: 'It gives answers numbers (selfjudge score --reward, judge -m, --judge) and writes none.',
  });

/** model.safetensors or its shards; other files of weights in the folder are named. */
function openWeights(folder: string, warn: Warn): Safetensors {
  const others = readdirSync(folder).filter((name) => /\.(safetensors|bin|pth|pt)$/.test(name));
  if (!['', '.index.json'].some((end) => existsSync(join(folder, `model.safetensors${end}`)))) {
    throw new FileFormatError({
      path: folder,
      expected: 'model.safetensors or model.safetensors.index.json in the folder',
      received: others.length === 0 ? 'neither' : named(others, 'other file'),
      advice: others.some((name) => /^pytorch_model.*\.bin$/.test(name))
        ? "Pickled weights are not read. Save the folder anew with transformers: AutoModelForCausalLM.from_pretrained('IN', dtype='auto').save_pretrained('OUT')."
        : 'Download the model again with all of its files.',
    });
  }
  const weights = Safetensors.openIn(folder, 'model');
  const used = new Set([...weights.tensors.values()].map(({ path }) => path));
  const unused = others.filter(
    (name) => /^model.*\.safetensors$/.test(name) && !used.has(join(folder, name)),
  );
  if (unused.length > 0) warn(`${weights.path}: ${named(unused, 'file')} beside it not used`);
  return weights;
}

/**
 * What "tied" means for a file, as in transformers: a head beside the table is kept where it differs from it, and a head
 * alone is the table too. Says so in `config`, and leaves in `shapes` what the model uses.
 *
 * @returns the reader of its tensors
 */
function untied(
  file: Pick<TensorFile, 'path' | 'read'>,
  config: ModelConfig,
  shapes: Map<string, number[]>,
  warn: Warn,
): ModelSource['read'] {
  const [table, head] = [shapes.get(TABLE), shapes.get(HEAD)];
  if (!config.tieWordEmbeddings || head === undefined) return (name, rows) => file.read(name, rows);
  if (table === undefined) {
    shapes.set(TABLE, head);
    shapes.delete(HEAD);
    return (name, rows) => file.read(name === TABLE ? HEAD : name, rows);
  }
  if (sameTensors(file, table, head)) {
    shapes.delete(HEAD);
    return (name, rows) => file.read(name, rows);
  }
  config.tieWordEmbeddings = false;
  warn(
    `${file.path}: '${HEAD}' differs from '${TABLE}', so it is kept as a head of its own, though config.json says ` +
      'tie_word_embeddings: true',
  );
  return (name, rows) => file.read(name, rows);
}

/** Whether table and head hold the same values, whatever they are stored in. */
function sameTensors(
  file: Pick<TensorFile, 'read'>,
  table: readonly number[],
  head: readonly number[],
): boolean {
  if (table.length !== head.length || table.some((size, i) => size !== head[i])) return false;
  return [...groupsOfRows(table, COMPARED)].every((rows) =>
    sameValues(file.read(TABLE, rows), file.read(HEAD, rows)),
  );
}

function sameValues(a: HostTensor, b: HostTensor): boolean {
  if (a.dtype === b.dtype) {
    const bytes = ({ data }: HostTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return bytes(a).equals(bytes(b));
  }
  const [left, right] = [float32Of(a), float32Of(b)];
  return left.every((x, i) => x === right[i]);
}
