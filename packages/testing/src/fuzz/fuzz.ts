import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { isError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import { costOf, least, type Cost } from './cost.js';
import { Watch } from './watch.js';

/** An input, and how it came about. */
export interface FuzzCase<Input> {
  input: Input;
  /** Bytes of the files or texts it consists of. */
  size: number;
  /** The mutations, in order. */
  how: readonly string[];
}

/** A parser of something that comes from outside. */
export interface FuzzTarget<Input = unknown> {
  name: string;
  /** A function of `random` alone; files are written here. */
  make(random: Random): FuzzCase<Input>;
  /** Parses the input and checks what came of it. It may be called more than once. */
  parse(input: Input): unknown;
  /** Bytes of buffers a byte of input may become; 4 unless the format itself expands. */
  buffersPerByte?: number;
  /** Bytes of buffers that do not depend on the input, such as those of streams. */
  fixedBuffers?: number;
  /** Bytes of objects, garbage included, that do not depend on the input; most of them what a limit of ours allows. */
  fixedHeap?: number;
  /** Bytes of objects, garbage included, a byte of input may become; 128 if absent (JSON.parse makes 30 of `[{},{}]`). */
  heapPerByte?: number;
}

/** Makes a target whose files lie in `folder`. */
export type FuzzTargetIn = (folder: string) => FuzzTarget | Promise<FuzzTarget>;

export interface FuzzOptions {
  /** With an input's number it decides the input. */
  seed: number;
  count: number;
  /** Number of the first input. */
  from?: number;
}

export interface FuzzSummary {
  name: string;
  accepted: number;
  refused: number;
  /** Of the slowest input. */
  seconds: number;
}

const SECONDS = 1;
const FIXED_BUFFERS = 1 << 16;
/** V8 counts memory in the steps in which it hands it to functions. */
const FIXED_HEAP = 2 << 20;
const RETRIES = 4;

/**
 * Gives a parser `count` inputs. Each must be accepted or refused with an error of ours, within a second, and without
 * allocating more than a multiple of its size.
 *
 * @throws Error naming the input that was not, so that `{ seed, from, count: 1 }` repeats it; also when all inputs were
 *   accepted or all refused, which would test nothing
 */
export async function fuzz(
  targetIn: FuzzTargetIn,
  { seed, count, from = 0 }: FuzzOptions,
): Promise<FuzzSummary> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'selfjudge-fuzz-'));
  const target = await targetIn(folder);
  const watch = new Watch(folder, `${target.name}, seed ${seed}`);
  const summary: FuzzSummary = { name: target.name, accepted: 0, refused: 0, seconds: 0 };
  try {
    for (let index = from; index < from + count; index++) {
      watch.at(index);
      // The test runner lives in the same process and must be heard now and then.
      if (index % 256 === 0) await new Promise(setImmediate);
      const made = target.make(new Random(seed, index));
      const { error, seconds, problem } = await outcome(target, made);
      // The folder stays, as the input may be in it.
      if (problem !== undefined) throw failure(target.name, { seed, index }, made, problem, error);
      if (error === undefined) summary.accepted++;
      else summary.refused++;
      summary.seconds = Math.max(summary.seconds, seconds);
    }
  } finally {
    await watch.close();
  }
  rmSync(folder, { recursive: true, force: true });
  if (count > 1 && (summary.accepted === 0 || summary.refused === 0))
    throw new Error(`${target.name}: ${summary.accepted} inputs accepted and ${summary.refused} refused`);
  return summary;
}

async function outcome(
  target: FuzzTarget,
  { input, size }: FuzzCase<unknown>,
): Promise<{ error?: unknown; seconds: number; problem?: string }> {
  const once = (exactly: boolean) => costOf(() => target.parse(input), { exactly });
  const { error, cost } = await once(false);
  if (error !== undefined && !isError(error)) {
    return { error, seconds: cost.seconds, problem: 'an error that is none of ours' };
  }
  let leastCost = cost;
  let problem = excess(target, size, leastCost);
  for (let retry = 0; problem !== undefined && retry < RETRIES; retry++) {
    leastCost = least(leastCost, (await once(true)).cost);
    problem = excess(target, size, leastCost);
  }
  return { error, seconds: leastCost.seconds, problem };
}

/** What a cost is too much of. */
function excess(target: FuzzTarget, size: number, { seconds, heap, buffers }: Cost): string | undefined {
  const { buffersPerByte = 4, fixedBuffers = 0, heapPerByte = 128, fixedHeap = 0 } = target;
  if (seconds > SECONDS) return `${seconds.toFixed(1)} seconds`;
  const mostBuffers = buffersPerByte * size + FIXED_BUFFERS + fixedBuffers;
  if (buffers > mostBuffers) return `${buffers} bytes of buffers for ${size} bytes, expected ${mostBuffers}`;
  const mostHeap = heapPerByte * size + FIXED_HEAP + fixedHeap;
  if (heap > mostHeap) return `${heap} bytes of objects for ${size} bytes, expected ${mostHeap}`;
  return undefined;
}

function failure(
  name: string,
  { seed, index }: { seed: number; index: number },
  { how, size, input }: FuzzCase<unknown>,
  problem: string,
  error: unknown,
): Error {
  const lines = [
    `${name}: ${problem}`,
    `input ${index} of seed ${seed} ({ seed: ${seed}, from: ${index}, count: 1 }), ${size} bytes`,
    `made by: ${how.join('; ') || 'nothing'}`,
    `input: ${inspect(input, { maxStringLength: 2000, maxArrayLength: 50, depth: 3 }).slice(0, 4000)}`,
    ...(error === undefined ? [] : [`error: ${error instanceof Error ? error.stack : inspect(error)}`]),
  ];
  return new Error(lines.join('\n'), { cause: error });
}
