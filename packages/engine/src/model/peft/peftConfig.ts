import { FileFormatError } from '@selfjudge/base';

/** A value a pattern: for modules whose path matches the key, the first that does. */
export type ByPattern = [pattern: string, value: number][];

/** What an adapter_config.json of PEFT's says (LoRA, Hu et al., arXiv 2106.09685, and its kin). */
export interface PeftConfig {
  /** The file, for errors. */
  path: string;
  r: number;
  alpha: number;
  dropout: number;
  base?: string;
  /** Names or paths, or one regular expression. */
  targets: string[] | string;
  excluded: string[] | string;
  /** Layers by number; undefined for all. */
  layers?: number[];
  /** What stands before a layer's number; empty for any. */
  layersPattern: string[];
  ranks: ByPattern;
  alphas: ByPattern;
  /** The update is scaled by alpha / sqrt(r) (rsLoRA, Kalajdzievski, arXiv 2312.03732) instead of alpha / r. */
  rslora: boolean;
  /** Rows have trained lengths (DoRA, Liu et al., arXiv 2402.09353). */
  dora: boolean;
  /** B has a bias. */
  loraBias: boolean;
  /** Modules that are there whole. */
  saved: string[];
  /** What is trained of a tied table or head holds for both. */
  keepsTied: boolean;
  /** The adapter of a sequence classification, whose head it brings. */
  classifies: boolean;
}

/**
 * Fields that make an adapter something else than LoRA on weights, with the values under which they do not. Empty lists
 * and objects count as absent.
 */
const PLAIN: Record<string, readonly unknown[]> = {
  peft_type: ['LORA'],
  use_qalora: [false],
  layer_replication: [],
  trainable_token_indices: [],
  target_parameters: [],
  alora_invocation_tokens: [],
  megatron_config: [],
  velora_config: [],
  monteclora_config: [],
  use_bdlora: [false],
  arrow_config: [],
  kasa_config: [],
  // The other initialisations also change the base's weights.
  init_lora_weights: [true, false, 'gaussian', 'eva', 'orthogonal'],
};

/** Read here, or without effect on what a saved adapter computes. fan_in_fan_out is for layers that a Llama has none of. */
const READ = new Set(
  (
    'r lora_alpha lora_dropout target_modules exclude_modules layers_to_transform layers_pattern rank_pattern ' +
    'alpha_pattern use_rslora use_dora lora_bias bias modules_to_save ensure_weight_tying base_model_name_or_path ' +
    'fan_in_fan_out task_type inference_mode auto_mapping peft_version revision megatron_core loftq_config eva_config ' +
    'corda_config lora_ga_config runtime_config qalora_group_size'
  ).split(' '),
);

/** What PEFT adapts in models of this family when nothing is said. */
const DEFAULT_TARGETS = ['q_proj', 'v_proj'];

/**
 * Reads adapter_config.json.
 *
 * @param warn told of keys that nobody here knows
 * @throws FileFormatError naming the first field that makes it something else than LoRA, or is not what it should be
 */
export function peftConfig(
  json: Record<string, unknown>,
  path: string,
  warn: (message: string) => void,
): PeftConfig {
  const fail: Fail = (expected, received) => {
    throw new FileFormatError({ path, expected, received });
  };
  if (json.peft_type === undefined) fail("peft_type 'LORA'", undefined);
  for (const [key, allowed] of Object.entries(PLAIN)) {
    const value = json[key];
    if (isAbsent(value) || allowed.includes(value)) continue;
    const values = [...allowed.map((v) => JSON.stringify(v)), 'null'].join(' or ');
    fail(`LoRA: ${key} ${values}`, typeof value === 'string' ? JSON.stringify(value) : value);
  }
  const unknown = Object.keys(json).filter(
    (key) => !READ.has(key) && !Object.hasOwn(PLAIN, key) && !isAbsent(json[key]) && json[key] !== false,
  );
  if (unknown.length > 0) warn(`${path}: not known here and without effect: ${unknown.join(', ')}`);
  const { r, lora_alpha: alpha = 8, lora_dropout: dropout = 0, bias } = json;
  const base = json.base_model_name_or_path;
  if (typeof r !== 'number' || !Number.isInteger(r) || r < 1) return fail('r a positive whole number', r);
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return fail('lora_alpha a number', alpha);
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout < 1)) {
    return fail('lora_dropout from 0 to below 1', dropout);
  }
  if (!isAbsent(bias) && !['none', 'all', 'lora_only'].includes(bias as string))
    fail('bias none, all or lora_only', bias);
  const flag = (key: string): boolean => {
    const value = json[key] ?? false;
    return typeof value === 'boolean' ? value : fail(`${key} true or false`, value);
  };
  const targets = namesOrPattern(json, 'target_modules', fail) ?? DEFAULT_TARGETS;
  const layers = layersOf(json.layers_to_transform, fail);
  const layersPattern = [namesOrPattern(json, 'layers_pattern', fail) ?? []].flat();
  if (typeof targets === 'string' && (layers !== undefined || layersPattern.length > 0))
    fail('no layers_to_transform and layers_pattern beside a pattern in target_modules', targets);
  return {
    path,
    r,
    alpha,
    dropout,
    base: typeof base === 'string' && base !== '' ? base : undefined,
    targets,
    excluded: namesOrPattern(json, 'exclude_modules', fail) ?? [],
    layers,
    layersPattern,
    ranks: byPattern(json, 'rank_pattern', (n) => Number.isInteger(n) && n > 0, fail),
    alphas: byPattern(json, 'alpha_pattern', Number.isFinite, fail),
    rslora: flag('use_rslora'),
    dora: flag('use_dora'),
    loraBias: flag('lora_bias'),
    saved: [namesOrPattern(json, 'modules_to_save', fail) ?? []].flat(),
    keepsTied: flag('ensure_weight_tying'),
    classifies: json.task_type === 'SEQ_CLS',
  };
}

type Fail = (expected: string, received: unknown) => never;

function namesOrPattern(
  json: Record<string, unknown>,
  key: string,
  fail: Fail,
): string[] | string | undefined {
  const value = json[key];
  if (isAbsent(value) || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  return fail(`${key} a list of names or a regular expression`, value);
}

function layersOf(value: unknown, fail: Fail): number[] | undefined {
  if (isAbsent(value)) return undefined;
  const layers = [value].flat();
  if (layers.every((one) => typeof one === 'number' && Number.isInteger(one))) return layers as number[];
  return fail('layers_to_transform a number or a list of them', value);
}

function byPattern(
  json: Record<string, unknown>,
  key: string,
  isRight: (value: number) => boolean,
  fail: Fail,
): ByPattern {
  const value = json[key] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) return fail(`${key} an object of numbers`, value);
  const entries = Object.entries(value as object);
  const wrong = entries.find(([, one]) => typeof one !== 'number' || !isRight(one));
  return wrong === undefined
    ? (entries as ByPattern)
    : fail(`${key} an object of numbers`, `${wrong[0]}: ${String(wrong[1])}`);
}

function isAbsent(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'object' && Object.keys(value as object).length === 0)
  );
}
