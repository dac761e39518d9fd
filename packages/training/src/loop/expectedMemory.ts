import type { ModelView } from '@selfjudge/engine';
import { BLOCK, blocksFor, treeOf } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import { accumulate, backpropagate } from '../losses/accumulate.js';
import type { DataOrder } from './dataOrder.js';
import { deviceOf, zeroGrads } from '../optimizer/parameterSets.js';
import type { Trainable } from '../optimizer/trainable.js';
import { largestTrees, type KnownTree, type Workload } from './workload.js';

/** Bytes of device memory that a run takes. */
export interface ExpectedMemory {
  /** What there is before the first step: weights, gradients, moments. */
  before: number;
  /** The most that will be live at once, scratch memory included. */
  peak: number;
  /** The same with the longest row alone in a tree: less is not possible, whatever the budget. */
  least: number;
  /** The row that needs it. */
  longest: KnownTree;
}

/** Rows and head rows of the trees that are tried: of so few that they cost no time, of so many that kernels do not differ. */
const TRIED = [
  [64, 32],
  [160, 32],
  [160, 128],
] as const;

/**
 * The memory that a run will take, from what three small trees take forward and backward: beside a constant it is linear
 * in the rows of a tree and in those with labels. Nothing of the run is changed by it: gradients are zero before and
 * after.
 */
export async function expectedMemory(
  trainable: Trainable,
  workload: Workload,
  order: Pick<DataOrder, 'totalSteps'>,
): Promise<ExpectedMemory> {
  const { policy, parameters } = trainable;
  const device = deviceOf(parameters);
  const { longest, largest } = largestTrees(workload, order);
  const taken: number[] = [];
  try {
    for (const [rows, headRows] of TRIED) taken.push(await bytesOf(trainable, rows, headRows));
  } finally {
    zeroGrads(parameters);
  }
  await device.sync();
  device.resetPeak();
  const [small, wide, labelled] = taken;
  const perRow = (wide - small) / (TRIED[1][0] - TRIED[0][0]);
  const perHead = (labelled - wide) / (TRIED[2][1] - TRIED[1][1]);
  const of = ({ shape: { rows, headRows } }: KnownTree) =>
    small + perRow * (rows - TRIED[0][0]) + perHead * (headRows - TRIED[0][1]);
  const before = device.memory().live;
  const least = before + Math.max(0, of(longest));
  const sampled = before + poolBytes(policy, workload.pool);
  return { before, peak: Math.max(least, before + of(largest), sampled), least, longest };
}

/** Answers in work at once, see `generate`. */
const MOST_ANSWERS = 64;

/** Keys and values of the answers in work and of the prompts behind them. */
function poolBytes({ model: { config, dtype } }: ModelView, pool: Workload['pool']): number {
  if (pool === undefined) return 0;
  const answers = Math.min(MOST_ANSWERS, pool.answers);
  const own = blocksFor((pool.promptTokens % BLOCK) + pool.maxNewTokens);
  const blocks = answers * own + Math.min(MOST_ANSWERS, pool.answers / 2) * blocksFor(pool.promptTokens) + 1;
  const bytes = dtype === 'bf16' ? 2 : 4;
  return blocks * BLOCK * 2 * config.layers * config.kvHeads * config.headDim * bytes;
}

/**
 * What is live at most beyond what was, when a tree of so many rows goes forward and backward.
 * @param headRows rows that the head reads: the score's where a reward model is trained, else the vocabulary's
 */
export async function bytesOf(trainable: Trainable, rows: number, headRows: number): Promise<number> {
  const { policy, reward } = trainable;
  const { device, config } = policy.model;
  const tokens = Array.from({ length: rows + 1 }, (_, i) => (i * 7) % config.vocabSize);
  const length = Math.min(rows, config.maxPositions);
  // Where a model takes no path of that length, some that differ in their first token.
  const sequences: TreeSequence[] = [];
  for (let at = 0; at < rows; at += length) {
    // The last token of a path is a label alone, and makes no row.
    const own = tokens.slice(at, Math.min(at + length, rows) + 1);
    own[0] = sequences.length % config.vocabSize;
    const labels = Math.min(own.length - 1, Math.max(1, Math.round((headRows * (own.length - 1)) / rows)));
    const [start, end] = [own.length - labels, own.length];
    sequences.push(
      reward === undefined
        ? { tokens: own, targets: [[start, end]] }
        : { tokens: own.slice(0, -1), hidden: own.slice(start, end).map((_, i) => start - 1 + i) },
    );
  }
  await device.sync();
  device.resetPeak();
  const { live } = device.memory();
  const batch = treeOf(sequences);
  const dropout = { seed: 0, step: 0 };
  const zeros = (values: Float32Array) => new Float32Array(values.length);
  if (reward === undefined) await accumulate(policy, batch, zeros, dropout);
  else await backpropagate(() => reward.rewards(batch, { dropout }), zeros);
  await device.sync();
  return device.memory().peak - live;
}
