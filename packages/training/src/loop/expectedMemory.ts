import type { ModelView } from '@selfjudge/engine';
import { BLOCK, blocksFor, treeOf } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import { backpropagate } from '../losses/accumulate.js';
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

/** A line through a tree's rows, in bytes: what is live at most. */
interface Line {
  constant: number;
  perRow: number;
}

/** Rows whose share of memory is so many times the constant one: past it no other op's line is much steeper. */
const ROWS_OVER_CONSTANT = 16;
/** Bytes of rows beyond which no larger tree is tried: to try one must not take the memory that is asked about. */
const MOST_TRIED = 2 ** 28;

/**
 * The memory that a run will take, from what small trees take forward and backward. Most is live either at the vocabulary's
 * head, which is linear in rows and in those with labels, or in the backward of a block, linear in rows alone. What is most
 * in a small tree need not be in a large one, as some ops take scratch memory whatever the rows: blocks are tried, without
 * the head, in trees that grow until that is little beside the rows' share. Nothing of the run is changed by it: gradients
 * are zero before and after.
 */
export async function expectedMemory(
  trainable: Trainable,
  workload: Workload,
  order: Pick<DataOrder, 'totalSteps'>,
): Promise<ExpectedMemory> {
  const { policy, parameters } = trainable;
  const device = deviceOf(parameters);
  const { longest, largest } = largestTrees(workload, order);
  // Made now as long as the run will need it, or a tree that is tried would pay for its beginning.
  policy.model.rotary.prepare(Math.min(longestPath(workload), policy.model.config.maxPositions));
  const taken: number[] = [];
  let blocks: Line;
  try {
    for (const [rows, headRows] of TRIED) taken.push(await bytesOf(trainable, rows, headRows));
    blocks = await lineOfBlocks(trainable, largest.shape.rows);
  } finally {
    zeroGrads(parameters);
  }
  await device.sync();
  device.resetPeak();
  const [small, wide, labelled] = taken;
  const perRow = (wide - small) / (TRIED[1][0] - TRIED[0][0]);
  const perHead = (labelled - wide) / (TRIED[2][1] - TRIED[1][1]);
  const of = ({ shape: { rows, headRows } }: KnownTree) =>
    Math.max(
      small + perRow * (rows - TRIED[0][0]) + perHead * (headRows - TRIED[0][1]),
      blocks.constant + blocks.perRow * rows + BYTES_PER_LABEL * headRows,
    );
  const before = device.memory().live;
  const least = before + Math.max(0, of(longest));
  const sampled = before + poolBytes(policy, workload.pool);
  return { before, peak: Math.max(least, before + of(largest), sampled), least, longest };
}

/** Row, label, log-probability and its gradient. */
const BYTES_PER_LABEL = 16;

/** What trees without a head take, from the last two of those that are tried. @param most rows that the run's trees have */
async function lineOfBlocks(trainable: Trainable, most: number): Promise<Line> {
  let rows: number = TRIED[0][0];
  let bytes = await bytesOf(trainable, rows, 0);
  for (;;) {
    const more = Math.max(Math.min(2 * rows, most), rows + 1);
    const taken = await bytesOf(trainable, more, 0);
    const perRow = (taken - bytes) / (more - rows);
    const ofRows = perRow * more;
    const constant = taken - ofRows;
    if (more >= most || ofRows >= Math.min(ROWS_OVER_CONSTANT * constant, MOST_TRIED))
      return { constant, perRow };
    rows = more;
    bytes = taken;
  }
}

/** Tokens of the longest sequence that is trained on or sampled. */
function longestPath({ all, pool }: Workload): number {
  const lengths = all.flatMap(({ sequences }) => sequences.map(({ tokens }) => tokens.length));
  const sampled = pool === undefined ? 0 : pool.promptTokens + pool.maxNewTokens;
  return lengths.reduce((a, b) => Math.max(a, b), sampled);
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
 * @param headRows rows that the head reads: the score's where a reward model is trained, else the vocabulary's; 0: one row,
 *   and no head
 */
export async function bytesOf(trainable: Trainable, rows: number, headRows: number): Promise<number> {
  const { policy, reward } = trainable;
  const { device, config } = policy.model;
  const tokens = Array.from({ length: rows + 1 }, (_, i) => (i * 7) % config.vocabSize);
  const length = Math.min(rows, config.maxPositions);
  const labelled = reward === undefined && headRows > 0;
  // Where a model takes no path of that length, some that differ in their first token.
  const sequences: TreeSequence[] = [];
  for (let at = 0; at < rows; at += length) {
    // The last token of a path is a label alone, and makes no row.
    const own = tokens.slice(at, Math.min(at + length, rows) + 1);
    own[0] = sequences.length % config.vocabSize;
    const labels = Math.min(own.length - 1, Math.max(1, Math.round((headRows * (own.length - 1)) / rows)));
    const [start, end] = [own.length - labels, own.length];
    sequences.push(
      labelled
        ? { tokens: own, targets: [[start, end]] }
        : { tokens: own.slice(0, -1), hidden: own.slice(start, end).map((_, i) => start - 1 + i) },
    );
  }
  await device.sync();
  device.resetPeak();
  const { live } = device.memory();
  const batch = treeOf(sequences);
  const dropout = { seed: 0, step: 0 };
  const forward = () =>
    labelled
      ? policy.logprobs(batch, { dropout })
      : reward !== undefined && headRows > 0
        ? reward.rewards(batch, { dropout })
        : policy.hidden(batch, { dropout });
  await backpropagate(forward, (values) => new Float32Array(values.length));
  await device.sync();
  return device.memory().peak - live;
}
