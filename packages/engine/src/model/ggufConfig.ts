import type { Warn } from './checkTensors.js';
import { configProblem, padToken, type ModelConfig } from './config.js';
import { FAMILIES, REFUSED, type Family } from './families/index.js';
import type { GgufFile } from './files/gguf.js';
import { ropeOfGguf } from './ggufRope.js';
import { GgufValues } from './ggufValues.js';

/**
 * A model's shape from the metadata of a GGUF file, of the families in `FAMILIES`; 'llama' is Mistral to llama.cpp too.
 *
 * @throws FileFormatError
 */
export function configFromGguf(file: GgufFile, warn: Warn = () => {}): ModelConfig {
  const { path, tensors } = file;
  const [family, values] = familyIn(file);
  for (const [key, what] of [
    ['expert_count', 'a dense model'],
    ['attn_logit_softcapping', 'scores without a soft cap'],
    ['final_logit_softcapping', 'logits without a soft cap'],
  ])
    if (values.number(key, 0) !== 0)
      values.fail(`${what} (no ${values.architecture}.${key})`, values.number(key));
  const table = tensors.get('token_embd.weight');
  if (table === undefined) return values.fail('a tensor token_embd.weight', 'none');
  const heads = values.number('attention.head_count');
  const hiddenSize = values.number('embedding_length');
  const headDim = values.number('attention.key_length', hiddenSize / heads);
  const vocabSize = values.number('vocab_size', table.shape[0]);
  const biased = (stem: string) => tensors.has(`blk.0.${stem}.bias`);
  const config: ModelConfig = {
    family: family.name,
    hiddenSize,
    intermediateSize: values.number('feed_forward_length'),
    layers: values.number('block_count'),
    heads,
    kvHeads: values.number('attention.head_count_kv', heads),
    headDim,
    vocabSize,
    rmsNormEps: values.float('attention.layer_norm_rms_epsilon'),
    ropeTheta: values.float('rope.freq_base', 10000),
    maxPositions: values.number('context_length'),
    tieWordEmbeddings: !tensors.has('output.weight'),
    bosTokenId: values.token('bos'),
    eosTokenIds: [...new Set([values.token('eos'), values.token('eot')])].filter((id) => id !== undefined),
    padTokenId: padToken(values.token('padding'), vocabSize, path, warn),
    ...((biased('attn_q') || biased('attn_qkv')) && { qkvBias: true }),
    ...(biased('attn_output') && { oBias: true }),
    ...(biased('ffn_up') && { mlpBias: true }),
    ...family.traits,
  };
  Object.assign(config, family.gguf?.read?.(values, config));
  Object.assign(config, ropeOfGguf(values, config, family, warn));
  const problem = configProblem(config);
  if (problem !== undefined) values.fail(problem.expected, problem.received);
  return config;
}

function familyIn(file: GgufFile): [Family, GgufValues] {
  const architecture = file.metadata.get('general.architecture');
  const values = new GgufValues(file, String(architecture));
  const fits = FAMILIES.filter(({ gguf }) => gguf?.architecture === architecture);
  const family = fits.find(({ gguf }) => gguf?.is?.(values) ?? true);
  if (family !== undefined) return [family, values];
  const known = [...new Set(FAMILIES.flatMap(({ gguf }) => gguf?.architecture ?? []))];
  const reason = typeof architecture === 'string' ? REFUSED.get(architecture) : undefined;
  return values.fail(
    `general.architecture of a family that is computed here (${known.join(', ')})`,
    reason === undefined ? architecture : `${architecture}: ${reason}`,
  );
}
