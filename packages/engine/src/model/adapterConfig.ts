import { LINEARS, linearPath, type LinearName, type ModelConfig } from './config.js';

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
  /**
   * The adapted layers one by one, where they are not the targets of every block or have ranks of their own; `r` and
   * `alpha` are then those of most. Absent: every target of every block.
   */
  modules?: AdaptedModule[];
}

/** An adapted linear layer; its update is scaled by alpha / r. */
export interface AdaptedModule {
  /** Block, from 0. */
  layer: number;
  name: LinearName;
  r: number;
  alpha: number;
}

/** The adapted linear layers, in the order of the model's. */
export function modulesOf(config: AdapterConfig, layers: number): AdaptedModule[] {
  const { r, alpha, targetModules, modules } = config;
  if (modules !== undefined) return modules;
  const names = LINEARS.filter((name) => targetModules.includes(name));
  return Array.from({ length: layers }, (_, layer) =>
    names.map((name) => ({ layer, name, r, alpha })),
  ).flat();
}

/** A config of these modules: without a list of them where it says nothing more. */
export function configOf(
  modules: readonly AdaptedModule[],
  { r, alpha, dropout }: Pick<AdapterConfig, 'r' | 'alpha' | 'dropout'>,
  layers: number,
): AdapterConfig {
  const targetModules = LINEARS.filter((name) => modules.some((module) => module.name === name));
  const config = { r, alpha, dropout, targetModules };
  const uniform =
    modules.length === layers * targetModules.length &&
    modules.every((module) => module.r === r && module.alpha === alpha);
  return uniform ? config : { ...config, modules: [...modules] };
}

/** `r 4 on q_proj, v_proj`, `r 2 to 8 on q_proj of layers 4 to 7`: for people. */
export function describeAdapter(config: AdapterConfig, { layers }: Pick<ModelConfig, 'layers'>): string {
  const modules = modulesOf(config, layers);
  const range = (numbers: number[]): string => {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    return least === most ? String(least) : `${least} to ${most}`;
  };
  const names = LINEARS.filter((name) => modules.some((module) => module.name === name));
  const on = names.length === LINEARS.length ? 'all linear layers' : names.join(', ');
  const blocks = [...new Set(modules.map(({ layer }) => layer))].sort((a, b) => a - b);
  const contiguous = blocks.at(-1)! - blocks[0] + 1 === blocks.length;
  const where = contiguous ? range(blocks) : blocks.join(', ');
  const some = blocks.length === layers ? '' : ` of layer${blocks.length === 1 ? '' : 's'} ${where}`;
  return `r ${range(modules.map(({ r }) => r))} on ${on}${some}`;
}

/** adapter_config.json as PEFT writes it. @param scores of a reward model, whose head is saved whole */
export function adapterConfigToPeft(
  config: AdapterConfig,
  base: string | undefined,
  scores = false,
): Record<string, unknown> {
  const { r, alpha, modules } = config;
  const path = ({ layer, name }: AdaptedModule) => linearPath(layer, name);
  const ownRank = (modules ?? []).filter((module) => module.r !== r);
  const ownAlpha = (modules ?? []).filter((module) => module.alpha !== alpha);
  return {
    peft_type: 'LORA',
    task_type: scores ? 'SEQ_CLS' : 'CAUSAL_LM',
    base_model_name_or_path: base ?? null,
    r,
    lora_alpha: alpha,
    lora_dropout: config.dropout,
    target_modules: modules?.map(path) ?? [...config.targetModules],
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: scores ? ['score'] : null,
    use_dora: false,
    use_rslora: false,
    rank_pattern: Object.fromEntries(ownRank.map((module) => [path(module), module.r])),
    alpha_pattern: Object.fromEntries(ownAlpha.map((module) => [path(module), module.alpha])),
  };
}
