import { workerCount } from '@selfjudge/native';
import type { NativeDevice, NativeError } from '@selfjudge/native';
import { isWritten, wordsOf } from '../contractCalls.js';
import { BF16 } from '../native.js';
import { allSymbols, grow, namesNoRow, rowSymbols, sizeOf } from './grow.js';
import type { Content, RecordedCall } from './recorder.js';
import { replay, type Replayed } from './replay.js';
import { checkRounding } from './rounding.js';

/** Elements of calls that are grown until their work is split: enough different ones, and not too many. */
const [VARIED, LARGEST] = [128, 400_000];

/** What the calls checked until now have shown, of ops in float32 and, named so, in bf16. */
export class Shown {
  readonly called = new Set<string>();
  /** Whose work was split among workers. */
  readonly split = new Set<string>();
  /** Whose rows were compared. */
  readonly rows = new Set<string>();

  /** Those of `called` that `shown` lacks. */
  missing(shown: Set<string>): string[] {
    return [...this.called].filter((kind) => !shown.has(kind));
  }
}

/** The op, and whether it is in bf16. */
const kindOf = ({ contract, tensors }: RecordedCall): string =>
  tensors.some((content) => content?.dtype === BF16) ? `${contract.op} in bf16` : contract.op;

const bitsOf = ({ values }: Content): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

/** The first element whose bits differ; -1 where there is none. */
function firstDifference(a: Content, b: Content): number {
  const [x, y] = [bitsOf(a), bitsOf(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return i;
  return -1;
}

const shapesOf = ({ tensors }: RecordedCall): string =>
  tensors
    .map((content) => content && `${content.shape.join('x')}${content.dtype === BF16 ? ' bf16' : ''}`)
    .join(', ');

/** What one worker and all of them leave differently. */
function compareWorkers(call: RecordedCall, one: Replayed, all: Replayed): string[] {
  return call.contract.tensors.flatMap(({ name }, n) => {
    const [a, b] = [one.written[n], all.written[n]];
    if (a === null || b === null) return [];
    const at = firstDifference(a, b);
    if (at < 0) return [];
    return [
      `${call.contract.op} (${shapesOf(call)}): ${name}[${at}] is ${a.values[at]} on one worker, ` +
        `${b.values[at]} on ${workerCount()}`,
    ];
  });
}

/** Whether two rows are the same but for rounding, and so must be the same. */
function near(a: Float32Array | Int32Array, b: Float32Array | Int32Array): boolean {
  let largest = 0;
  for (const value of a) largest = Math.max(largest, Math.abs(value));
  return a.every((value, i) => Math.abs(value - b[i]) <= 4e-6 * largest);
}

/**
 * Rows of the call against those of the grown one: the first copy of each has to be the same bits. The others lie elsewhere
 * and in other company; where an index could name a row they may be other rows, unless they are the same but for rounding.
 */
function compareRows(call: RecordedCall, symbol: string, own: Replayed, larger: Replayed): string[] {
  const { contract } = call;
  const copies = namesNoRow(call, symbol);
  return contract.tensors.flatMap((spec, n) => {
    const [a, b] = [own.written[n], larger.written[n]];
    if (a === null || b === null || wordsOf(spec)[0] !== symbol) return [];
    const rows = a.shape[0];
    const width = a.values.length / rows;
    const [x, y] = [bitsOf(a), bitsOf(b)];
    for (let row = 0; row < b.shape[0]; row++) {
      const [from, to] = [(row % rows) * width, row * width];
      let i = 0;
      while (i < width && x[from + i] === y[to + i]) i++;
      if (i === width) continue;
      const pair = [a.values.subarray(from, from + width), b.values.subarray(to, to + width)] as const;
      if (row >= rows && !copies && !near(...pair)) continue;
      return [
        `${contract.op} (${shapesOf(call)}): ${spec.name}[${row % rows}] has ${pair[0][i]} at ${i}, ` +
          `as row ${row} of ${b.shape[0]} it has ${pair[1][i]}`,
      ];
    }
    return [];
  });
}

/** The call on one worker; undefined where its contract refuses it, as it may refuse a grown call. */
async function oneWorker(native: NativeDevice, call: RecordedCall): Promise<Replayed | undefined> {
  try {
    return await replay(native, call, false);
  } catch (error) {
    if ((error as NativeError).code === 'SJ_WRONG_ARGUMENT') return undefined;
    throw error;
  }
}

/** What a backward changes in place it adds to: from ones on, the same and one more. */
async function checkAddition(native: NativeDevice, call: RecordedCall, own: Replayed): Promise<string[]> {
  const { op, tensors } = call.contract;
  if (!op.endsWith('_backward') || !tensors.some((spec, i) => isWritten(spec) && call.tensors[i])) return [];
  const ones = call.tensors.map((content, i) =>
    content && isWritten(tensors[i]) ? { ...content, values: content.values.map((x) => x + 1) } : content,
  );
  const { written } = await replay(native, { ...call, tensors: ones }, false);
  return tensors.flatMap((spec, n) => {
    const [from0, from1] = [own.written[n], written[n]];
    if (!isWritten(spec) || !from0 || !from1) return [];
    const at = from0.values.findIndex(
      (x, i) => !(Math.abs(from1.values[i] - (x + 1)) <= 1e-5 * Math.max(1, Math.abs(x))),
    );
    if (at < 0) return [];
    return [
      `${op}: ${spec.name}[${at}] is ${from0.values[at]} from 0 on, and ${from1.values[at]} from 1 on, not added to`,
    ];
  });
}

/**
 * What no op may do, whatever it computes: give other bits on other workers, give a row other bits in other company, round
 * what it stores otherwise than once to the nearest, put a gradient in the place of a sum. Tried with the call, and with
 * its rows repeated, as often as it takes to have its work split. Returns what is wrong, in words.
 */
export async function checkCall(native: NativeDevice, call: RecordedCall, shown: Shown): Promise<string[]> {
  const kind = kindOf(call);
  shown.called.add(kind);
  const threads = native.name === 'cpu' && workerCount() > 1;
  const problems: string[] = [];
  const workers = async (tried: RecordedCall, one: Replayed): Promise<void> => {
    if (!threads) return;
    const all = await replay(native, tried, true);
    if (all.jobs > 0) shown.split.add(kind);
    problems.push(...compareWorkers(tried, one, all));
  };
  const own = await replay(native, call, false);
  await workers(call, own);
  problems.push(...(await checkRounding(native, call, own)), ...(await checkAddition(native, call, own)));
  const unsplit = (): boolean =>
    threads && sizeOf(call) >= VARIED && !shown.split.has(kind) && problems.length === 0;
  /** The call on 3 times as many rows, 9 times ... until its work is split; refused by its contract it is not tried. */
  const growing = async (symbol: string, compare: (larger: Replayed) => void): Promise<void> => {
    for (let larger = grow(call, symbol, 3); ; larger = grow(larger, symbol, 3)) {
      const one = await oneWorker(native, larger);
      if (one === undefined) return;
      compare(one);
      await workers(larger, one);
      if (!unsplit() || sizeOf(larger) > LARGEST) return;
    }
  };
  for (const symbol of rowSymbols(call.contract)) {
    await growing(symbol, (larger) => {
      problems.push(...compareRows(call, symbol, own, larger));
      shown.rows.add(kind);
    });
  }
  for (const symbol of allSymbols(call)) if (unsplit()) await growing(symbol, () => {});
  return problems;
}
