import { FileFormatError } from '@selfjudge/base';
import { LINEARS, type LinearName } from './config.js';

/** A low-rank adapter's shape (LoRA, Hu et al., arXiv 2106.09685). */
export interface AdapterConfig {
  /** Rank, at least 1. */
  r: number;
  /** The update is scaled by alpha / r. */
  alpha: number;
  /** Probability of dropping an element of the adapter's input while it trains, 0 to 0.999999. */
  dropout: number;
  /** Linear layers of each block: of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj. */
  targetModules: string[];
}

/**
 * Fields of PEFT's adapter_config.json that change what an adapter computes, with the values under which it is plain
 * LoRA. Anything else is refused by name. Empty lists and objects count as absent.
 */
const PLAIN: Record<string, readonly unknown[]> = {
  peft_type: ['LORA'],
  bias: ['none'],
  fan_in_fan_out: [false],
  use_rslora: [false],
  use_dora: [false],
  use_qalora: [false],
  lora_bias: [false],
  rank_pattern: [],
  alpha_pattern: [],
  modules_to_save: [],
  layers_to_transform: [],
  layer_replication: [],
  trainable_token_indices: [],
  target_parameters: [],
  alora_invocation_tokens: [],
  megatron_config: [],
  velora_config: [],
  monteclora_config: [],
  use_bdlora: [],
  arrow_config: [],
  kasa_config: [],
  // The other initialisations also change the base's weights.
  init_lora_weights: [true, false, 'gaussian', 'eva', 'orthogonal'],
};

/**
 * Reads adapter_config.json.
 *
 * @returns the config, its targets undefined where the file gives a pattern: the tensors then tell
 * @throws FileFormatError naming the first field that makes it something else than plain LoRA
 */
export function adapterConfigFromPeft(
  json: unknown,
  path: string,
): { r: number; alpha: number; dropout: number; targets?: LinearName[]; base?: string } {
  const fail = (expected: string, received: unknown): never => {
    throw new FileFormatError({ path, expected, received });
  };
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('a JSON object', json);
  const source = json as Record<string, unknown>;
  if (source.peft_type === undefined) fail("peft_type 'LORA'", undefined);
  for (const [key, allowed] of Object.entries(PLAIN)) {
    const value = source[key];
    if (!isAbsent(value) && !allowed.includes(value)) {
      const values = [...allowed.map((v) => JSON.stringify(v)), 'null'].join(' or ');
      fail(`plain LoRA: ${key} ${values}`, typeof value === 'string' ? JSON.stringify(value) : value);
    }
  }
  const { r, lora_alpha: alpha, lora_dropout: dropout = 0, target_modules: targets } = source;
  const base = source.base_model_name_or_path;
  if (typeof r !== 'number' || !Number.isInteger(r) || r < 1) return fail('r a positive whole number', r);
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return fail('lora_alpha a number', alpha);
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout < 1)) {
    return fail('lora_dropout from 0 to below 1', dropout);
  }
  return {
    r,
    alpha,
    dropout,
    targets: Array.isArray(targets) ? targets.map((name) => linearName(name, path)) : undefined,
    base: typeof base === 'string' && base !== '' ? base : undefined,
  };
}

/** adapter_config.json as PEFT writes it. */
export function adapterConfigToPeft(
  config: AdapterConfig,
  base: string | undefined,
): Record<string, unknown> {
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base ?? null,
    r: config.r,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    target_modules: [...config.targetModules],
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    use_dora: false,
    use_rslora: false,
    rank_pattern: {},
    alpha_pattern: {},
  };
}

function linearName(name: unknown, path: string): LinearName {
  // A full path ends in the layer's name.
  const last = (typeof name === 'string' ? name.split('.').at(-1) : undefined) as LinearName;
  if (!LINEARS.includes(last)) {
    throw new FileFormatError({ path, expected: `target_modules of ${LINEARS.join(', ')}`, received: name });
  }
  return last;
}

function isAbsent(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'object' && Object.keys(value as object).length === 0)
  );
}
