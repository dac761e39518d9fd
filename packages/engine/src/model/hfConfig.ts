import { isDeepStrictEqual } from 'node:util';

import { ArgumentError, FileFormatError, show } from '@selfjudge/base';
import type { Warn } from './checkTensors.js';
import type { Activation } from '../tensor/ops/swiglu.js';
import { configProblem, padToken, type ModelConfig } from './config.js';
import { FAMILIES, familyOf, REFUSED, type Family } from './families/index.js';
import { ropeFromHf, ropeToHf } from './hfRope.js';
import { HfValues, type Json } from './hfValues.js';
import type { StoredDtype } from './source.js';

/** transformers' words for activations. */
const ACTIVATIONS: Readonly<Record<Activation, readonly string[]>> = {
  silu: ['silu', 'swish'],
  gelu_tanh: ['gelu_pytorch_tanh', 'gelu_new', 'gelu_fast'],
};

/** model_types whose text model is a part of them, text_config. */
const WITH_TEXT = ['gemma3', 'mistral3'];

/**
 * A model's shape from transformers' config.json, of the families in `FAMILIES`; of one that sees as well, that of its text
 * model. Anything that would change the maths and is not implemented is refused by name.
 *
 * @param path named in errors
 * @param generation generation_config.json where there is one: it may list more end tokens
 * @param warn told of what has no effect
 * @throws FileFormatError
 */
export function configFromHf(
  json: unknown,
  path: string,
  generation?: unknown,
  warn: Warn = () => {},
): ModelConfig {
  const whole = object(json);
  if (whole === undefined)
    throw new FileFormatError({ path, expected: 'a JSON object', received: show(json) });
  const values = new HfValues(textPart(whole), path, warn);
  const family = readFamily(values);
  checkActivation(values, family);
  const { defaults, biases } = family;
  const heads = values.count('num_attention_heads');
  const hiddenSize = values.count('hidden_size');
  const vocabSize = values.count('vocab_size');
  const headDim = values.count('head_dim', defaults.headDim ?? hiddenSize / heads);
  const kvHeads = values.json.num_key_value_heads === null ? heads : (defaults.kvHeads ?? heads);
  const maxPositions = values.count('max_position_embeddings', defaults.maxPositions);
  const attentionBias = biases.includes('attention_bias') && values.flag('attention_bias');
  const config: ModelConfig = {
    family: family.name,
    hiddenSize,
    intermediateSize: values.count('intermediate_size'),
    layers: values.count('num_hidden_layers'),
    heads,
    kvHeads: values.count('num_key_value_heads', kvHeads),
    headDim,
    vocabSize,
    rmsNormEps: values.number('rms_norm_eps', defaults.rmsNormEps),
    ...ropeFromHf(values, { headDim, maxPositions }, family),
    tieWordEmbeddings: values.flag('tie_word_embeddings', tiedAbove(whole) ?? defaults.tied),
    bosTokenId: values.ids('bos_token_id')[0],
    eosTokenIds: [
      ...new Set([
        ...values.ids('eos_token_id'),
        ...new HfValues({ eos: object(generation)?.eos_token_id }, path, warn).ids('eos'),
      ]),
    ],
    padTokenId: padToken(values.ids('pad_token_id')[0], vocabSize, path, warn),
    ...(attentionBias && { qkvBias: true, oBias: true }),
    ...(biases.includes('mlp_bias') && values.flag('mlp_bias') && { mlpBias: true }),
    ...family.traits,
  };
  Object.assign(config, family.read?.(values, config));
  const problem = configProblem(config);
  if (problem !== undefined) values.fail(problem.expected, problem.received);
  return config;
}

/**
 * config.json as transformers 4 and 5 and PEFT read it.
 *
 * @param origin the config.json that the model was read with, kept but for what has changed since
 * @throws ArgumentError for a config that files of its family cannot say
 */
export function configToHf(config: ModelConfig, dtype: StoredDtype, origin?: Json): Json {
  const family = familyOf(config);
  if (family === undefined) throw unknownFamily(config);
  const made = { ...written(config, family), torch_dtype: dtype === 'bf16' ? 'bfloat16' : dtype };
  const json = origin === undefined ? made : changed(origin, config, made);
  assertSays(json, config, family);
  return json;
}

function written(config: ModelConfig, family: Family): Json {
  const eos = config.eosTokenIds;
  const { activation = 'silu' } = family.traits;
  return {
    architectures: [family.classes.text],
    model_type: family.name,
    [family.activationKey ?? 'hidden_act']: ACTIVATIONS[activation][0],
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    vocab_size: config.vocabSize,
    rms_norm_eps: config.rmsNormEps,
    ...ropeToHf(config, family),
    tie_word_embeddings: config.tieWordEmbeddings,
    bos_token_id: config.bosTokenId ?? null,
    eos_token_id: eos.length === 0 ? null : eos.length === 1 ? eos[0] : eos,
    pad_token_id: config.padTokenId ?? null,
    ...(family.biases.includes('attention_bias') && { attention_bias: config.oBias ?? false }),
    ...(family.biases.includes('mlp_bias') && { mlp_bias: config.mlpBias ?? false }),
    ...family.write?.(config),
  };
}

/** Keys of what training and merging may change, by field. */
const CHANGES: readonly (readonly [keyof ModelConfig, string])[] = [
  ['vocabSize', 'vocab_size'],
  ['tieWordEmbeddings', 'tie_word_embeddings'],
  ['oBias', 'attention_bias'],
  ['mlpBias', 'mlp_bias'],
  ['bosTokenId', 'bos_token_id'],
  ['eosTokenIds', 'eos_token_id'],
  ['padTokenId', 'pad_token_id'],
];
/** Of weights that are stored otherwise now, and of code that is not carried along. */
const DROPPED = ['quantization_config', 'compression_config', 'auto_map'];

function changed(origin: Json, config: ModelConfig, made: Json): Json {
  const kept = (json: Json): Json =>
    Object.fromEntries(Object.entries(json).filter(([key]) => !DROPPED.includes(key)));
  const whole = kept(origin);
  const text = holdsText(origin) ? kept(object(origin.text_config) ?? {}) : whole;
  const before = configFromHf(origin, 'config.json');
  for (const [field, key] of CHANGES)
    if (!isDeepStrictEqual(before[field], config[field]) && key in made) text[key] = made[key];
  if (text !== whole) {
    whole.text_config = text;
    if ('tie_word_embeddings' in whole) whole.tie_word_embeddings = config.tieWordEmbeddings;
  }
  for (const json of text === whole ? [whole] : [whole, text]) {
    if ('dtype' in json) json.dtype = made.torch_dtype;
    if ('torch_dtype' in json || (json === whole && !('dtype' in json))) json.torch_dtype = made.torch_dtype;
  }
  return whole;
}

/** What is read of the file must be what it was made of: nothing of a config is lost without a word. */
function assertSays(json: Json, config: ModelConfig, family: Family): void {
  const again = comparable(configFromHf(json, 'config.json'));
  const given = comparable(config);
  const lost = [...new Set([...Object.keys(given), ...Object.keys(again)])].filter(
    (key) => !isDeepStrictEqual(given[key], again[key]),
  );
  if (lost.length === 0) return;
  throw new ArgumentError('config', {
    where: 'Model.save',
    expected: `what files of ${family.title} can say`,
    received: lost
      .map((key) => `${key} ${show(given[key])}, which they mean as ${show(again[key])}`)
      .join('; '),
  });
}

/** A config without what says nothing. */
function comparable(config: ModelConfig): Record<string, unknown> {
  const usual: Partial<ModelConfig> = {
    family: 'llama',
    normPlacement: 'pre',
    normOffset: 0,
    activation: 'silu',
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    attentionScale: 1 / Math.sqrt(config.headDim),
  };
  const says = ([key, value]: [string, unknown]) =>
    value !== undefined && value !== false && value !== usual[key as keyof ModelConfig];
  return JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(config).filter(says))));
}

/** Whether a config.json is of a model that sees as well, whose text model is a part of it. */
export function holdsText(json: Json): boolean {
  return WITH_TEXT.some((type) => type === json.model_type) && object(json.text_config) !== undefined;
}

/** The text model's part. */
function textPart(whole: Json): Json {
  const text = object(whole.text_config);
  if (text === undefined || !holdsText(whole)) return whole;
  const inner = whole.model_type === 'gemma3' ? 'gemma3_text' : 'mistral';
  return { model_type: inner, ...text };
}

/** tie_word_embeddings of a config around the text model's, which some files have there alone. */
const tiedAbove = (whole: Json): boolean | undefined =>
  typeof whole.tie_word_embeddings === 'boolean' ? whole.tie_word_embeddings : undefined;

function readFamily(values: HfValues): Family {
  const { json, path, warn } = values;
  const named: unknown = Array.isArray(json.architectures) ? json.architectures[0] : undefined;
  const architecture = typeof named === 'string' ? named : undefined;
  const fits = ({ classes: { text, score } }: Family) =>
    architecture !== undefined &&
    [text, score].some((one) => one !== undefined && stem(one) === stem(architecture));
  const type = json.model_type ?? FAMILIES.find(fits)?.name;
  const family = FAMILIES.find(({ name }) => name === type);
  if (family === undefined) {
    const given = [type, architecture].filter((name) => name !== undefined);
    const reason = typeof type === 'string' ? REFUSED.get(type) : undefined;
    return values.fail(
      `a model of a family that is computed here (model_type ${FAMILIES.map(({ name }) => name).join(', ')})`,
      `${given.map(show).join(', ') || 'none'}${reason === undefined ? '' : `: ${reason}`}`,
    );
  }
  if (architecture !== undefined && !fits(family))
    warn(
      `${path}: read as ${family.name}, its model_type, as transformers does; architectures has ${architecture}`,
    );
  return family;
}

/** What a class of transformers is called, without its head: old files spell LLaMAForCausalLM. */
const stem = (name: string) => name.toLowerCase().replace(/(for\w+|model)$/, '');

function checkActivation(values: HfValues, { traits, activationKey = 'hidden_act' }: Family): void {
  const words = ACTIVATIONS[traits.activation ?? 'silu'];
  const given = values.json[activationKey] ?? words[0];
  if (!words.some((word) => word === given)) values.fail(`${activationKey} '${words[0]}'`, given);
}

const unknownFamily = ({ family }: ModelConfig) =>
  new ArgumentError('config.family', {
    where: 'Model.save',
    expected: FAMILIES.map(({ name }) => name).join(', '),
    received: family,
  });

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
