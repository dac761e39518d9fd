import { FileFormatError } from '@selfjudge/base';
import { PartFile, transposed, type AdapterParts } from './adapterParts.js';
import { LINEARS, linearPath, linearShape, parameterSpecs, type ModelConfig } from './config.js';
import type { Safetensors } from './files/safetensors.js';

const FINE_TUNES = ['lora', 'dora', 'full'];

/** Whether an adapter_config.json is mlx-lm's: it says `fine_tune_type`, where PEFT says `peft_type`. */
export function isMlxConfig(json: Record<string, unknown>): boolean {
  return json.peft_type === undefined && ('fine_tune_type' in json || 'lora_parameters' in json);
}

/** The base that it names. */
export function mlxBase(json: Record<string, unknown>): string | undefined {
  return typeof json.model === 'string' && json.model !== '' ? json.model : undefined;
}

/**
 * What an adapter of mlx-lm's holds (mlx_lm.tuner: y = x W^T + scale (x lora_a) lora_b, with lora_a [in, r] and lora_b
 * [r, out]; `m` [out] of DoRA): num_layers counts from the last one, -1 is all.
 *
 * @param path of adapter_config.json
 * @throws FileFormatError
 */
export function mlxParts(
  json: Record<string, unknown>,
  path: string,
  tensors: Safetensors,
  model: ModelConfig,
): AdapterParts {
  const fail = (expected: string, received: unknown): never => {
    throw new FileFormatError({ path, expected, received });
  };
  const { fine_tune_type: type = 'lora', num_layers: count = -1 } = json;
  if (!FINE_TUNES.includes(type as string)) fail("fine_tune_type 'lora', 'dora' or 'full'", type);
  if (typeof count !== 'number' || !Number.isInteger(count)) return fail('num_layers a whole number', count);
  const file = new PartFile(tensors);
  const parts: AdapterParts = {
    path: file.path,
    base: mlxBase(json),
    r: 1,
    alpha: 1,
    dropout: 0,
    lowRank: new Map(),
    whole: new Map(),
    unties: false,
    beyond: [],
  };
  if (type === 'full') takeWhole(file, model, parts);
  else {
    const { scale, dropout = 0 } = (json.lora_parameters ?? {}) as Record<string, unknown>;
    if (typeof scale !== 'number' || !Number.isFinite(scale))
      return fail('lora_parameters.scale a number', scale);
    if (typeof dropout !== 'number' || !(dropout >= 0 && dropout < 1))
      return fail('lora_parameters.dropout from 0 to below 1', dropout);
    takeLowRank(file, model, parts, {
      scale,
      dora: type === 'dora',
      first: count < 0 ? 0 : Math.max(0, model.layers - count),
    });
    parts.dropout = dropout;
  }
  const [unknown] = file.rest;
  if (unknown !== undefined) {
    throw new FileFormatError({
      path: file.path,
      expected: `tensors of mlx-lm's ${String(type)} on the last ${count < 0 ? model.layers : count} of ${model.layers} layers only (num_layers)`,
      received: `'${unknown}'`,
    });
  }
  return parts;
}

function takeLowRank(
  file: PartFile,
  model: ModelConfig,
  parts: AdapterParts,
  { scale, dora, first }: { scale: number; dora: boolean; first: number },
): void {
  for (let layer = first; layer < model.layers; layer++) {
    for (const name of LINEARS) {
      const module = linearPath(layer, name);
      const [own, other] = [`${module}.lora_a`, `${module}.lora_b`];
      if (!file.has(own) && !file.has(other)) continue;
      const r = file.shapeOf(own)[1] || 1;
      const [out, input] = linearShape(model, name);
      parts.lowRank.set(module, {
        a: transposed(file.take(own, [input, r], 'the model')),
        b: transposed(file.take(other, [r, out], 'lora_a')),
        r,
        alpha: scale * r,
        ...(dora && { magnitude: file.take(`${module}.m`, [out], "fine_tune_type 'dora'") }),
      });
    }
  }
  const [one] = parts.lowRank.values();
  if (one !== undefined) Object.assign(parts, { r: one.r, alpha: one.alpha });
  if (dora) parts.beyond.push("fine_tune_type 'dora' (DoRA)");
}

function takeWhole(file: PartFile, model: ModelConfig, parts: AdapterParts): void {
  for (const { name, shape } of parameterSpecs({ ...model, tieWordEmbeddings: false })) {
    if (file.has(name)) parts.whole.set(name, file.take(name, shape, 'the model'));
  }
  parts.beyond.push("fine_tune_type 'full'");
}
