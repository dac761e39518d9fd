import { FileFormatError } from '@selfjudge/base';
import { PartFile, transposed, type AdapterParts, type LowRank } from '../adapterParts.js';
import { parameterSpecs, type ModelConfig } from '../config.js';
import type { Safetensors } from '../files/safetensors.js';
import { linearsOf, unfusedParts } from '../fusedAdapter.js';
import type { PeftConfig } from './peftConfig.js';
import { targetsOf, valueOf } from './targets.js';

const PREFIX = 'base_model.model.';
const TABLE = 'model.embed_tokens';
const HEAD = 'lm_head';
const SCORE = 'score.weight';

/**
 * What an adapter of PEFT's holds for a model: every tensor that its config asks for, in the model's shapes.
 *
 * @param warn told of tensors that the config gives no use
 * @throws FileFormatError for a tensor that is missing or of another shape, and for those of modules that the model has not
 */
export function peftParts(
  config: PeftConfig,
  tensors: Safetensors,
  model: ModelConfig,
  warn: (message: string) => void,
): AdapterParts {
  const file = new PartFile(tensors);
  const parts: AdapterParts = {
    path: file.path,
    base: config.base,
    r: config.r,
    alpha: config.rslora ? config.alpha * Math.sqrt(config.r) : config.alpha,
    dropout: config.dropout,
    lowRank: lowRankOf(config, file, model),
    whole: new Map(),
    unties: false,
    beyond: [],
  };
  const saved = savedOf(config, file, model, parts.whole);
  parts.unties =
    model.tieWordEmbeddings &&
    !config.keepsTied &&
    [TABLE, HEAD].some((module) => parts.lowRank.has(module) || saved.includes(`${module}.weight`));
  otherWhole(file, model, parts);
  const score = `${PREFIX}${SCORE}`;
  if (config.classifies && file.has(score))
    parts.score = file.take(score, file.shapeOf(score), 'task_type SEQ_CLS');
  if (model.tieWordEmbeddings && config.keepsTied) file.drop(`${PREFIX}${HEAD}.`);
  assertOfModel(file, model);
  if (file.rest.size > 0)
    warn(
      `${file.path}: not used, as adapter_config.json does not ask for them: ${[...file.rest].join(', ')}`,
    );
  if (parts.lowRank.size === 0 && parts.whole.size === 0) {
    throw new FileFormatError({
      path: config.path,
      expected: 'target_modules that match modules of this model',
      received: JSON.stringify(config.targets),
    });
  }
  const outside = [TABLE, HEAD].filter((module) => parts.lowRank.has(module));
  const further = [...parts.whole.keys()].filter((name) => !saved.includes(name));
  if (config.dora) parts.beyond.push('use_dora (DoRA)');
  if (config.loraBias) parts.beyond.push('lora_bias');
  if (outside.length > 0) parts.beyond.push(`LoRA on ${outside.join(' and ')}`);
  if (saved.length > 0) parts.beyond.push(`modules_to_save (${config.saved.join(', ')})`);
  if (further.length > 0) parts.beyond.push(`whole tensors (${further.join(', ')})`);
  return parts;
}

function lowRankOf(config: PeftConfig, file: PartFile, model: ModelConfig): Map<string, LowRank> {
  const found = new Map<string, LowRank>();
  const targets = targetsOf(config);
  const isTarget = (module: string) => targets(file.pathOf(module));
  const rankOf = valueOf(config.ranks, config.r, config, 'rank_pattern');
  const alphaOf = valueOf(config.alphas, config.alpha, config, 'alpha_pattern');
  for (const [module, [out, input]] of matrices(model, file)) {
    // A head that stays tied to the table is adapted by the table's matrices.
    const one = config.keepsTied && model.tieWordEmbeddings;
    if (
      one ? module === HEAD || !(isTarget(module) || (module === TABLE && isTarget(HEAD))) : !isTarget(module)
    )
      continue;
    const r = rankOf(file.pathOf(module));
    const alpha = alphaOf(file.pathOf(module)) * (config.rslora ? Math.sqrt(r) : 1);
    const take = (name: string, shape: number[]) =>
      file.take(`${PREFIX}${module}.${name}`, shape, 'adapter_config.json');
    const embeds = module === TABLE;
    // An embedding's matrices are those of its transposed table.
    const [a, b] = embeds
      ? [transposed(take('lora_embedding_B', [input, r])), transposed(take('lora_embedding_A', [r, out]))]
      : [take('lora_A.weight', [r, input]), take('lora_B.weight', [out, r])];
    found.set(module, {
      a,
      b,
      r,
      alpha,
      ...(config.dora && { magnitude: take('lora_magnitude_vector', [embeds ? input : out]) }),
      ...(config.loraBias && { bias: take('lora_B.bias', [out]) }),
    });
  }
  return unfusedParts(found, model);
}

/** Modules that may be adapted, with [out, in]; the rows of a table that the file brings are its own. */
function* matrices(model: ModelConfig, file: PartFile): Generator<[string, [number, number]]> {
  const rows = [TABLE, HEAD]
    .flatMap((module) => [`${module}.weight`, `${module}.base_layer.weight`])
    .map((name) => file.shapeOf(PREFIX + name)[0])
    .find((one) => one !== undefined);
  const table: [number, number] = [rows ?? model.vocabSize, model.hiddenSize];
  yield [TABLE, table];
  for (let layer = 0; layer < model.layers; layer++) {
    yield* linearsOf(model, layer);
  }
  yield [HEAD, table];
}

/**
 * The tensors of modules_to_save: those of modules whose path ends in a name of it (PEFT asks for no dot before it).
 * @returns their names
 */
function savedOf(
  config: PeftConfig,
  file: PartFile,
  model: ModelConfig,
  whole: AdapterParts['whole'],
): string[] {
  const names: string[] = [];
  const isSaved = (name: string): boolean => {
    const path = name.split('.').slice(0, -1);
    const modules = path.map((_, i) => path.slice(0, i + 1).join('.'));
    return modules.some((module) => config.saved.some((one) => module.endsWith(one)));
  };
  const tied = model.tieWordEmbeddings && config.keepsTied;
  for (const { name, shape } of parameterSpecs({ ...model, tieWordEmbeddings: tied })) {
    if (!isSaved(name) && !(tied && name === `${TABLE}.weight` && isSaved(`${HEAD}.weight`))) continue;
    whole.set(name, file.take(PREFIX + name, resized(name, shape, file), 'modules_to_save'));
    names.push(name);
  }
  return names;
}

/** What PEFT adds by itself: tables of a resized vocabulary, the base under adapted ones, and trained biases. */
function otherWhole(file: PartFile, model: ModelConfig, { whole, lowRank }: AdapterParts): void {
  const saved = new Set(whole.keys());
  for (const { name, shape } of parameterSpecs({ ...model, tieWordEmbeddings: false })) {
    if (whole.has(name)) {
      // Saved twice where embedding layers are saved too, and in a tied base's both names.
      const module = name.slice(0, name.lastIndexOf('.'));
      for (const inner of ['modules_to_save.', 'original_module.']) file.drop(`${PREFIX}${module}.${inner}`);
      if (!saved.has(name)) file.drop(PREFIX + name);
      continue;
    }
    const dot = name.lastIndexOf('.');
    const module = name.slice(0, dot);
    const own = lowRank.has(module) ? `${module}.base_layer${name.slice(dot)}` : name;
    if (!file.has(PREFIX + own)) continue;
    const tensor = file.take(PREFIX + own, resized(own, shape, file), 'the model');
    whole.set(name, tensor);
    // Of a tied base it is the one tensor that both are.
    const other = { [`${TABLE}.weight`]: `${HEAD}.weight`, [`${HEAD}.weight`]: `${TABLE}.weight` }[name];
    if (model.tieWordEmbeddings && other !== undefined && !saved.has(other)) whole.set(other, tensor);
  }
}

/** A table may have other rows than the base's: its vocabulary was resized. */
function resized(name: string, shape: number[], file: PartFile): number[] {
  if (!/^(model\.embed_tokens|lm_head)\./.test(name)) return shape;
  const got = file.shapeOf(PREFIX + name);
  return got.length === 2 && got[0] > 0 ? [got[0], shape[1]] : shape;
}

/** Throws for what belongs to another model; tensors of its modules may be there without use. */
function assertOfModel(file: PartFile, model: ModelConfig): void {
  const modules = new Set([...matrices(model, file)].map(([module]) => module));
  for (const name of file.rest) {
    const module = name.slice(PREFIX.length).replace(/\.(lora_\w+|base_layer)(\.\w+)?$/, '');
    if (name.startsWith(PREFIX) && modules.has(module)) continue;
    throw new FileFormatError({
      path: file.path,
      expected: 'tensors of modules of this model only',
      received: `'${name}'`,
    });
  }
}
