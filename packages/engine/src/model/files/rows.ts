import { instance, optional, options, whole } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { Scratch } from './scratch.js';

/** RowRange of a tensor, by its first dimension: from `from` up to `to`, without that one. */
export interface RowRange {
  from: number;
  to: number;
  /** Where they are read to; they are valid until the next that are. By default they have memory of their own. */
  scratch?: Scratch;
}

export const isRows = optional(
  options({ from: whole(0), to: whole(0), scratch: optional(instance(Scratch)) }),
);

/** Values read at once at most: as float32 they fill the largest Buffer that every Node has, 4 GiB. */
const MOST_VALUES = 2 ** 30;

/** Where rows lie among the values of their tensor. */
export interface Span {
  /** Of the rows. */
  shape: number[];
  /** Values before them. */
  start: number;
  /** Values in them. */
  count: number;
}

/**
 * @param rows all of them by default
 * @throws ArgumentError for rows that the tensor does not have, or more values than are read at once
 */
export function spanOf(where: string, name: string, shape: readonly number[], rows?: RowRange): Span {
  const [first = 1, ...rest] = shape;
  const { from, to } = rows ?? { from: 0, to: first };
  const refuse = (what: string, expected: string, received: unknown): never => {
    throw new ArgumentError(what, { where, expected, received });
  };
  if (rows !== undefined) {
    const of = `of '${name}' [${shape.join(', ')}]`;
    if (from >= first) refuse('from', `a row ${of}`, from);
    if (to <= from || to > first) refuse('to', `from ${from + 1} to ${first}, the end of rows ${of}`, to);
  }
  const width = rest.reduce((a, b) => a * b, 1);
  const count = (to - from) * width;
  if (count > MOST_VALUES)
    refuse('rows', `rows of '${name}' of at most 2^30 values at once`, `${count} values`);
  return { shape: shape.length === 0 ? [] : [to - from, ...rest], start: from * width, count };
}

/** RowRange of a tensor in groups of at most `values` values, each of a multiple of `multiple` rows but the last. */
export function* groupsOfRows(shape: readonly number[], values: number, multiple = 1): Generator<RowRange> {
  const [rows, ...rest] = shape;
  const width = rest.reduce((a, b) => a * b, 1);
  const step = Math.max(1, Math.floor(values / width / multiple)) * multiple;
  for (let from = 0; from < rows; from += step) yield { from, to: Math.min(rows, from + step) };
}
