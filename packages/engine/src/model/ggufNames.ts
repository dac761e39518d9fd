import { BLOCK_NORMS, linearPath, LINEARS, type BlockNorm, type ModelConfig } from './config.js';
import { FUSED } from './fusedRows.js';
import { familyOf } from './families/index.js';

const WHOLE: readonly (readonly [gguf: string, transformers: string])[] = [
  ['token_embd', 'model.embed_tokens'],
  ['output_norm', 'model.norm'],
  ['output', 'lm_head'],
];
const GGUF_LINEARS = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];
const GGUF_FUSED = ['attn_qkv', 'ffn_up'];
const GGUF_NORMS: readonly (readonly [gguf: string, at: BlockNorm])[] = [
  ['attn_norm', 'beforeAttention'],
  ['post_attention_norm', 'afterAttention'],
  ['ffn_norm', 'beforeMlp'],
  ['post_ffw_norm', 'afterMlp'],
];

/** Modules of a block under transformers' name, after `model.layers.N.`, by llama.cpp's. */
function modulesOf(config: ModelConfig): ReadonlyMap<string, string> {
  const norms = BLOCK_NORMS[config.normPlacement ?? 'pre'];
  const fused = familyOf(config)?.fused === true;
  return new Map([
    ...GGUF_NORMS.flatMap(([own, at]) => (norms[at] === undefined ? [] : [[own, norms[at]] as const])),
    ...LINEARS.map(
      (name, i) => [GGUF_LINEARS[i], linearPath(0, name).replace(/^model\.layers\.0\./, '')] as const,
    ),
    ['attn_q_norm', 'self_attn.q_norm'],
    ['attn_k_norm', 'self_attn.k_norm'],
    ...(fused ? FUSED.map(({ module }, i) => [GGUF_FUSED[i], module] as const) : []),
  ]);
}

/** transformers' name of a tensor of llama.cpp's; a name that has none is returned as it is. */
export function transformersName(name: string, config: ModelConfig): string {
  const [, layer, stem, kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (stem === undefined) return name;
  if (layer === undefined) {
    const whole = WHOLE.find(([own]) => own === stem);
    return whole === undefined ? name : `${whole[1]}.${kind}`;
  }
  const module = modulesOf(config).get(stem);
  return module === undefined ? name : `model.layers.${layer}.${module}.${kind}`;
}

/** llama.cpp's name of a tensor of transformers'; undefined for one that has none. */
export function ggufName(name: string, config: ModelConfig): string | undefined {
  const [, layer, module, kind] = /^(?:model\.layers\.(\d+)\.)?([\w.]+)\.(weight|bias)$/.exec(name) ?? [];
  if (module === undefined) return undefined;
  if (layer === undefined) {
    const whole = WHOLE.find(([, theirs]) => theirs === module);
    return whole && `${whole[0]}.${kind}`;
  }
  const found = [...modulesOf(config)].find(([, theirs]) => theirs === module);
  return found && `blk.${layer}.${found[0]}.${kind}`;
}

/** Whether it is the weight of a norm, by transformers' name. */
export function isNorm(name: string): boolean {
  return /(^|[._])(layer)?norm\.weight$/.test(name);
}
