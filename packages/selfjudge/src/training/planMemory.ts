import { ConfigError, isError } from '@selfjudge/base';
import type { Device } from '@selfjudge/engine';
import type { TrainingTask } from '@selfjudge/training';
import {
  bytesOf,
  expectedMemory,
  recomputeActivations,
  zeroGrads,
  type ExpectedMemory,
} from '@selfjudge/training/internal';
import { availableMemory } from './availableMemory.js';
import type { RunOptions } from './runOptions.js';

/** What a run will take of a device's memory, and how. */
export interface PlannedMemory extends ExpectedMemory {
  /** Answers are counted as long as they may be. */
  isBound: boolean;
  /** What this process may still take; absent where nobody says. */
  available?: number;
  /** Whether blocks are computed again in backward. */
  recompute: boolean;
}

/**
 * Plans the memory of a run and sets whether its blocks are computed again: as asked, or (`auto`) where the run would not fit without.
 * @returns undefined for a task that does not know its rows before it sees them
 * @throws ConfigError when its longest row, or its largest tree, takes more memory than there is
 */
export async function planMemory(
  task: TrainingTask,
  device: Device,
  { activationRecompute: asked }: Pick<RunOptions, 'activationRecompute'>,
): Promise<PlannedMemory | undefined> {
  const { order, workload, trainable } = task;
  if (workload === undefined) {
    recomputeActivations(trainable, asked === 'on');
    return undefined;
  }
  const plan = async (recompute: boolean) => {
    recomputeActivations(trainable, recompute);
    const expected = await expectedMemory(trainable, workload, order);
    const available = availableMemory(device);
    const problem =
      available === undefined ? await tryLongest(task, expected) : tooLarge(expected, available);
    return { problem, memory: { ...expected, isBound: workload.isBound ?? false, available, recompute } };
  };
  let { problem, memory } = await plan(asked === 'on');
  if (problem !== undefined && asked === 'auto') ({ problem, memory } = await plan(true));
  if (problem !== undefined) throw problem;
  return memory;
}

/** Names the row, or the budget that would fit. */
export function tooLarge(
  { before, peak, least, longest }: ExpectedMemory,
  available: number,
): ConfigError | undefined {
  const room = before + available;
  if (least > room)
    return new ConfigError({
      key: 'max_length',
      expected: `rows that fit the memory: ${gib(room)} are there for this process`,
      received: `${longest.id}, whose ${longest.shape.rows} tokens need ${gib(least)}; leave it out, or give a smaller max_length`,
    });
  if (peak > room)
    return new ConfigError({
      key: 'token_budget',
      expected: `a smaller one (memory, not results, depends on it): ${gib(room)} are there for this process`,
      received: `trees that need ${gib(peak)}; the longest row alone needs ${gib(least)}`,
    });
  return undefined;
}

/** Where nobody says what is free, the longest row is tried. */
async function tryLongest(
  { trainable }: TrainingTask,
  { longest, least }: ExpectedMemory,
): Promise<ConfigError | undefined> {
  try {
    await bytesOf(trainable, longest.shape.rows, longest.shape.headRows);
    return undefined;
  } catch (error) {
    if (!isError(error, 'SJ_OUT_OF_MEMORY')) throw error;
    return new ConfigError({
      key: 'max_length',
      expected: 'rows that fit the memory of the device',
      received: `${longest.id}, whose ${longest.shape.rows} tokens need ${gib(least)}; leave it out, or give a smaller max_length`,
    });
  } finally {
    zeroGrads(trainable.parameters);
  }
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
