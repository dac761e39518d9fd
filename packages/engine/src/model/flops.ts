import { pairsWithin, type TreeShape } from '../tensor/planner.js';
import { modulesOf, type AdapterConfig } from './adapterConfig.js';
import { moduleNumber } from './adapterLayout.js';
import { linearShape, windowOf, type LinearName, type ModelConfig } from './config.js';

/** What computes, and what of it is trained; a `ModelView` has one. */
export interface ModelShape {
  config: ModelConfig;
  adapters: readonly { config: AdapterConfig; trained: boolean }[];
  /** Whether the weights of the model are trained. */
  weightsTrained: boolean;
  /** Whether backward computes blocks again, all but the last; see `ModelView`. */
  activationRecompute?: boolean;
}

/** What reads the final rows: the vocabulary's head, or one that gives a number. */
type HeadKind = 'tokens' | 'score';

const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj'] as const;
/** What follows attention in a block. */
const REST = ['o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

/**
 * Floating-point operations (2 M N K a matrix product) of a forward pass over a tree, the head included: scoring,
 * judging, or the first half of training. The same for a step of decoding, where every row is a head row. What a
 * device counts is equal to it.
 *
 * The last block computes queries and attention for all rows, though only those of labelled rows go on.
 * @param options.training the first half of training: with a frozen head it makes the head's part of the gradient too
 * @param options.head 'score' for a head of one number, as of a reward model; default the vocabulary's
 */
export function forwardFlops(
  model: ModelShape,
  tree: TreeShape,
  { training = false, head: kind = 'tokens' as HeadKind } = {},
): number {
  const { layers } = model.config;
  const { headRows } = tree;
  const ranks = ranksOf(model);
  const below = sum([...Array(layers).keys()], (layer) => block(model, ranks, tree, layer));
  if (kind === 'score') return below + score(model, headRows);
  const heads = training && !model.weightsTrained ? 2 : 1;
  return below + heads * head(model, headRows);
}

/** One block, forward. In the last one what follows attention sees the labelled rows alone. */
function block(model: ModelShape, ranks: Ranks, tree: TreeShape, layer: number): number {
  const of = (names: readonly LinearName[], count: number) =>
    sum(names, (name) => linear(model, ranks(layer, name), name, count));
  const rest = layer === model.config.layers - 1 ? tree.headRows : tree.rows;
  return of(PROJECTIONS, tree.rows) + 4 * attention(model, tree, layer) + of(REST, rest);
}

/** The same of rows that only leave keys and values in a pool: of the last block nothing else is computed. */
export function keyFlops(model: ModelShape, tree: Omit<TreeShape, 'headRows'>): number {
  const { rows } = tree;
  const ranks = ranksOf(model);
  const of = (layer: number, names: readonly LinearName[]) =>
    sum(names, (name) => linear(model, ranks(layer, name), name, rows));
  const last = model.config.layers - 1;
  const blocks = [...Array(last).keys()].map(
    (layer) => of(layer, [...PROJECTIONS, ...REST]) + 4 * attention(model, tree, layer),
  );
  return sum(blocks, (flops) => flops) + of(last, ['k_proj', 'v_proj']);
}

/**
 * Of the backward pass over a tree. Gradients flow only to where something is trained above: below the first trained
 * matrix nothing is computed. Attention recomputes its scores, a head that is trained its logits, and blocks are computed again where
 * the model's shape says so.
 * @param options.head 'score' for a trained head of one number
 */
export function backwardFlops(
  model: ModelShape,
  tree: TreeShape,
  { head: kind = 'tokens' as HeadKind } = {},
): number {
  const { config, weightsTrained } = model;
  const { rows, headRows } = tree;
  const ranks = ranksOf(model);
  let flops = 0;
  // Whether what the next op reads depends on anything trained.
  let live = weightsTrained;
  for (let layer = 0; layer < config.layers; layer++) {
    const below = layer === config.layers - 1 ? headRows : rows;
    const through = (name: LinearName, count: number, input: boolean): boolean => {
      const adapters = ranks(layer, name);
      const output = input || weightsTrained || adapters.some(({ trained }) => trained);
      if (output) flops += linearBackward(model, adapters, name, count, input);
      return output;
    };
    const projected = PROJECTIONS.map((name) => through(name, rows, live));
    const attended = projected.includes(true);
    if (attended) flops += 10 * attention(model, tree, layer);
    live = through('o_proj', below, attended) || live;
    const gated = (['gate_proj', 'up_proj'] as const).map((name) => through(name, below, live));
    live = through('down_proj', below, gated.includes(true)) || live;
    if (model.activationRecompute === true && live && layer < config.layers - 1)
      flops += block(model, ranks, tree, layer);
  }
  if (kind === 'score') return flops + (live ? 2 : 1) * score(model, headRows);
  return flops + (weightsTrained ? 3 * head(model, headRows) : 0);
}

/** The rank of an adapter on one layer. */
interface Rank {
  r: number;
  trained: boolean;
}

/** One product with the weight, two with each adapter. */
function linear(model: ModelShape, ranks: readonly Rank[], name: LinearName, rows: number): number {
  const [out, input] = linearShape(model.config, name);
  return 2 * rows * (out * input + sum(ranks, ({ r }) => r * (out + input)));
}

/** @param needed the gradient of the input */
function linearBackward(
  model: ModelShape,
  ranks: readonly Rank[],
  name: LinearName,
  rows: number,
  needed: boolean,
): number {
  const [out, input] = linearShape(model.config, name);
  let elements = (Number(needed) + Number(model.weightsTrained)) * out * input;
  for (const { r, trained } of ranks) {
    // dy B, for the gradients of A and of the input; then these two, and that of B.
    if (needed || trained) elements += r * out;
    elements += r * ((Number(needed) + Number(trained)) * input + Number(trained) * out);
  }
  return 2 * rows * elements;
}

/** Half a product a pair and head: 2 of them forward (scores, values), 5 backward. */
const attention = ({ config }: ModelShape, tree: Omit<TreeShape, 'headRows'>, layer: number) =>
  pairsWithin(tree, windowOf(config, layer)) * config.heads * config.headDim;

const head = ({ config }: ModelShape, rows: number) => 2 * rows * config.vocabSize * config.hiddenSize;

const score = ({ config }: ModelShape, rows: number) => 2 * rows * config.hiddenSize;

/** The adapters of a layer. */
type Ranks = (layer: number, name: LinearName) => Rank[];

function ranksOf({ config: { layers }, adapters }: ModelShape): Ranks {
  const all = adapters.map(({ config, trained }) => ({
    trained,
    ranks: new Map(modulesOf(config, layers).map(({ layer, name, r }) => [moduleNumber(layer, name), r])),
  }));
  return (layer, name) =>
    all.flatMap(({ ranks, trained }) => {
      const r = ranks.get(moduleNumber(layer, name));
      return r === undefined ? [] : [{ r, trained }];
    });
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
