import { RowCounter, treeShape, type SequenceGroup, type TreeShape } from '@selfjudge/engine';
import type { DataOrder } from './dataOrder.js';
import { areKnown, type Examples } from './stepExamples.js';

/** A group of sequences with the row it is made of. */
export interface NamedGroup extends SequenceGroup {
  id: string;
}

/** What the steps of a run compute on, as far as it is known before the first. */
export interface Workload {
  /** Groups of a step, counted from 1. */
  groups(step: number): readonly NamedGroup[];
  /** Every group once. */
  all: readonly NamedGroup[];
  tokenBudget: number;
  /** The groups are the largest that can come, not those that will. */
  isBound?: boolean;
  /** What is sampled in a step. */
  pool?: { answers: number; promptTokens: number; maxNewTokens: number };
}

/**
 * The workload of a method that trains on examples in the order of the run, each a group by itself. Of a stream nothing is
 * known but how long an example can be.
 */
export function workloadOf<T>(
  examples: Examples<T>,
  groupOf: (example: T) => NamedGroup,
  order: DataOrder,
  tokenBudget: number,
): Workload {
  if (areKnown(examples))
    return {
      groups: (step) => order.batch(step).map((i) => groupOf(examples[i])),
      all: examples.map(groupOf),
      tokenBudget,
    };
  const longest = groupOf(examples.longest);
  return {
    groups: (step) => order.batch(step).map(() => longest),
    all: [longest],
    tokenBudget,
    isBound: true,
  };
}

/** A tree of a run, and the row it is made for. */
export interface KnownTree {
  shape: Pick<TreeShape, 'rows' | 'headRows'>;
  /** The first of its groups. */
  id: string;
  /** Whether it is one group that alone is over the budget, or as large. */
  single: boolean;
}

/** Tokens that are counted into trees; beyond them the first steps stand for all. */
const MOST_TOKENS = 200_000;

export const tokensOf = ({ sequences }: SequenceGroup): number =>
  sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);

/** The trees that take most memory: the longest group of all, and the largest tree of the steps that are looked at. */
export function largestTrees(
  { groups, all, tokenBudget }: Workload,
  { totalSteps }: Pick<DataOrder, 'totalSteps'>,
): { longest: KnownTree; largest: KnownTree } {
  const first = all.reduce((a, b) => (tokensOf(b) > tokensOf(a) ? b : a));
  const longest: KnownTree = { shape: treeShape(first.sequences), id: first.id, single: true };
  let largest = longest;
  let seen = 0;
  for (let step = 1; step <= totalSteps && seen < MOST_TOKENS; step++) {
    for (const tree of treesOf(groups(step), tokenBudget))
      if (tree.shape.rows > largest.shape.rows) largest = tree;
    seen += groups(step).reduce((sum, group) => sum + tokensOf(group), 0);
  }
  return { longest, largest };
}

/** The shapes of the trees that `plan` cuts these groups into. */
function* treesOf(groups: readonly NamedGroup[], tokenBudget: number): Generator<KnownTree> {
  let counter = new RowCounter();
  let open: KnownTree | undefined;
  for (const { sequences, id } of groups) {
    counter.add(sequences);
    if (open !== undefined && counter.rows > tokenBudget) {
      yield open;
      counter = new RowCounter();
      counter.add(sequences);
      open = undefined;
    }
    const shape = { rows: counter.rows, headRows: counter.headRows };
    open = { shape, id: open?.id ?? id, single: open === undefined };
  }
  if (open !== undefined) yield open;
}

/** Steps whose tokens are counted; those beyond them are taken for as long. */
const MOST_STEPS = 2000;

/** Tokens of the groups of some steps, to share out the time of a run. @param first, last both of them counted */
export function tokensOfSteps({ groups }: Workload, first: number, last: number): number {
  const counted = Math.min(last, first + MOST_STEPS - 1);
  let sum = 0;
  for (let step = first; step <= counted; step++) for (const group of groups(step)) sum += tokensOf(group);
  return counted < first ? 0 : (sum * (last - first + 1)) / (counted - first + 1);
}
