import { LINEARS, linearPath, type LinearName, type ModelConfig } from './config.js';
import { fusedIn } from './fusedRows.js';

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

/** What the files of an adapter are called after. */
export interface AdapterFiles {
  /** Of a reward model, whose head is saved whole. */
  scores?: boolean;
  /** The model, whose family may store several linear layers as one matrix. Absent: each is one. */
  model?: ModelConfig;
  /** What the path of a module begins with, in the place of `model.`: of a text model inside one that sees. */
  inside?: string;
}

/** adapter_config.json as PEFT writes it. */
export function adapterConfigToPeft(
  config: AdapterConfig,
  base: string | undefined,
  { scores = false, model, inside }: AdapterFiles = {},
): Record<string, unknown> {
  const { r, alpha } = config;
  const groups = model === undefined ? [] : fusedIn(model);
  const listed =
    inside !== undefined && model !== undefined ? modulesOf(config, model.layers) : config.modules;
  /** The matrix of the files that holds a linear layer, if it is the first in it, and how many it holds. */
  const fileOf = (name: LinearName): [name: string, count: number] | undefined => {
    const group = groups.find(({ parts }) => parts.includes(name));
    if (group === undefined) return [name, 1];
    return group.parts[0] === name ? [group.module.split('.').at(-1)!, group.parts.length] : undefined;
  };
  const path = ({ layer, name }: AdaptedModule, file: string) =>
    linearPath(layer, name)
      .replace(/[^.]+$/, file)
      .replace(/^model\./, inside ?? 'model.');
  const inFiles = (path: (file: string) => string, { name, r, alpha }: Omit<AdaptedModule, 'layer'>) => {
    const [file, count] = fileOf(name) ?? [];
    if (file === undefined || count === undefined) return [];
    return [{ path: path(file), r: r * count, alpha: alpha * count }];
  };
  const modules =
    listed?.flatMap((one) => inFiles((file) => path(one, file), one)) ??
    config.targetModules.flatMap((name) => inFiles((file) => file, { name: name as LinearName, r, alpha }));
  const different = (key: 'r' | 'alpha', usual: number) =>
    Object.fromEntries(modules.filter((one) => one[key] !== usual).map((one) => [one.path, one[key]]));
  return {
    peft_type: 'LORA',
    task_type: scores ? 'SEQ_CLS' : 'CAUSAL_LM',
    base_model_name_or_path: base ?? null,
    r,
    lora_alpha: alpha,
    lora_dropout: config.dropout,
    target_modules: modules.map((one) => one.path),
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: scores ? ['score'] : null,
    use_dora: false,
    use_rslora: false,
    rank_pattern: different('r', r),
    alpha_pattern: different('alpha', alpha),
  };
}
