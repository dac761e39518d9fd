import type { NativeContract } from '@selfjudge/native';
import { type TensorSpec, isOutput, isWritten, wordsOf } from '../contractCalls.js';
import { I32 } from '../native.js';
import type { Content, RecordedCall } from './recorder.js';

/** The symbol of each axis of a tensor; of '...' that of its first, the other axes are part of its rows. */
export function symbolsOf(spec: TensorSpec, rank: number): string[] {
  return wordsOf(spec).flatMap((word, _, words) =>
    word === '...' ? ['...', ...Array<string>(rank - words.length).fill('')] : [word],
  );
}

const leads = (spec: TensorSpec): string => wordsOf(spec)[0];

/**
 * What the rows are of tensors that calls of the contract write: symbols, the tree's rows, or numbers ('@t'). A symbol that
 * is an inner one elsewhere, or whose rows are the panels that others' rows are multiplied with, is one to be summed over.
 */
export function rowSymbols({ tensors }: NativeContract): string[] {
  const inner = new Set(tensors.flatMap((spec) => wordsOf(spec).slice(1)));
  const read = new Set(tensors.filter((spec) => !isOutput(spec)).map(leads));
  const packed = new Set(tensors.filter(({ panels }) => read.size > 1 && panels).map(leads));
  const rows = tensors.filter((spec) => isOutput(spec) || isWritten(spec)).map(leads);
  return [...new Set(rows)].filter((word) => !/^\d/.test(word) && !inner.has(word) && !packed.has(word));
}

/** All symbols of the tensors that the call was given. */
export function allSymbols({ contract, tensors }: RecordedCall): string[] {
  const words = contract.tensors.flatMap((spec, i) => (tensors[i] === null ? [] : wordsOf(spec)));
  return [...new Set(words)].filter((word) => !/^\d/.test(word));
}

/** Whether nothing in the call can name a row of the symbol, so that every copy of its rows is the same row. */
export function namesNoRow({ contract, tensors, numbers }: RecordedCall, symbol: string): boolean {
  const named = contract.numbers.some(({ name }, i) => /^rows\d$/.test(name) && Number(numbers[i]) > 0);
  return !named && contract.tensors.every((spec, i) => tensors[i]?.dtype !== I32 || leads(spec) === symbol);
}

/** The values with every run along `axis` repeated. */
function repeated<T extends Float32Array | Int32Array>(
  values: T,
  shape: number[],
  axis: number,
  times: number,
): T {
  const run = shape.slice(axis).reduce((product, n) => product * n, 1);
  const larger = new (values.constructor as new (length: number) => T)(values.length * times);
  for (let from = 0; from < values.length; from += run) {
    const part = values.subarray(from, from + run);
    for (let i = 0; i < times; i++) larger.set(part, from * times + i * run);
  }
  return larger;
}

function grown(content: Content, symbols: string[], symbol: string, times: number): Content {
  return symbols.reduce((larger, word, axis) => {
    if (word !== symbol) return larger;
    const shape = larger.shape.map((n, i) => (i === axis ? n * times : n));
    return { ...larger, shape, values: repeated(larger.values, larger.shape, axis, times) };
  }, content);
}

/** The call on `times` as many rows of a symbol, or inner columns where others have it there: all that has it, repeated. */
export function grow(call: RecordedCall, symbol: string, times: number): RecordedCall {
  const { contract, segments } = call;
  const tensors = call.tensors.map(
    (content, i) =>
      content && grown(content, symbolsOf(contract.tensors[i], content.shape.length), symbol, times),
  );
  const numbers = call.numbers.map((value, i) =>
    symbol === `@${contract.numbers[i].name}` ? Number(value) * times : value,
  );
  const tree = symbol === 'T' && segments !== null ? forest(segments, times) : segments;
  return { contract, tensors, numbers, segments: tree };
}

/** The tree, `times` times side by side. */
function forest(segments: Int32Array, times: number): Int32Array {
  const count = segments.length / 3;
  const rows = segments[segments.length - 3] + segments[segments.length - 2];
  return Int32Array.from({ length: segments.length * times }, (_, i) => {
    const value = segments[i % segments.length];
    const copy = Math.floor(i / segments.length);
    if (i % 3 === 0) return value + copy * rows;
    return i % 3 === 2 && value >= 0 ? value + copy * count : value;
  });
}

/** Elements of the call's largest tensor. */
export function sizeOf({ tensors }: RecordedCall): number {
  return Math.max(...tensors.map((content) => content?.values.length ?? 0));
}
