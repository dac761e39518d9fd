import { anything, list, numbers, object, optional, tuple, type Check } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import type { TreeSequence } from '@selfjudge/text';

const maxToken = 2 ** 31 - 1;

/** The parts of a sequence; whether labels and hidden rows are in range is asked where they are counted. */
const isSequence: Check = object({
  tokens: numbers(anything),
  targets: optional(list(tuple(anything, anything))),
  candidates: optional(list(object({ labels: list(anything) }))),
  hidden: optional(list(anything)),
});

/** Checks what one sequence is, and that its labels are in range. */
export const checkSequence: Check = (value, what, where) => {
  const wrong = (part: string, expected: string, received: unknown) =>
    new ArgumentError(`${what}.${part}`, { where, expected, received });
  isSequence(value, what, where);
  const sequence = value as TreeSequence;
  const { tokens, candidates = [], state = 0 } = sequence;
  for (let p = 0; p < tokens.length; p++) {
    if (!isToken(tokens[p])) throw wrong(`tokens[${p}]`, 'a token id', tokens[p]);
  }
  if (!Number.isSafeInteger(state)) throw wrong('state', 'a whole number', state);
  for (const { labels } of candidates) {
    for (const label of labels) {
      if (!isToken(label)) throw wrong('candidates', 'token ids as labels', label);
    }
  }
  needsOf(sequence, what, where);
};

/** A list of sequences, each checked. */
export const checkSequences = list(checkSequence);

/** What the sequences of a tree need, each. @throws ArgumentError for none, and for labels out of range */
export function needsOfAll(sequences: readonly TreeSequence[]): {
  rowsNeeded: Int32Array;
  targets: Int32Array;
  labels: number;
  hidden: number;
} {
  const where = 'TreeBatch.from';
  if (sequences.length === 0) {
    throw new ArgumentError('sequences', { where, expected: 'at least one sequence', received: 'none' });
  }
  const rowsNeeded = new Int32Array(sequences.length);
  const targets = new Int32Array(sequences.length);
  let labels = 0;
  let hidden = 0;
  for (let i = 0; i < sequences.length; i++) {
    const needs = needsOf(sequences[i], `sequences[${i}]`, where);
    rowsNeeded[i] = needs.rows;
    targets[i] = needs.targets;
    labels += needs.targets + needs.candidates;
    hidden += needs.hidden;
  }
  return { rowsNeeded, targets, labels, hidden };
}

/**
 * What one sequence needs.
 *
 * @returns how many rows, those that something is predicted or wanted from and those above them, how many labels of both
 *   kinds and how many hidden rows it has. A last token that is only a label has no row; a sequence that wants nothing
 *   keeps all.
 * @throws ArgumentError for a sequence without tokens, and for labels and hidden rows out of its range
 */
export function needsOf(
  { tokens: { length }, targets: ranges = [], candidates = [], hidden = [] }: TreeSequence,
  what: string,
  where: string,
): { rows: number; targets: number; candidates: number; hidden: number } {
  const wrong = (part: string, expected: string, received: unknown) =>
    new ArgumentError(`${what}.${part}`, { where, expected, received });
  if (length === 0) throw wrong('tokens', 'at least one token', 'none');
  const needs = { rows: 0, targets: 0, candidates: 0, hidden: hidden.length };
  const assertPosition = (part: string, position: number) => {
    if (!Number.isInteger(position) || position < 0 || position >= length)
      throw wrong(part, `a position from 0 to ${length - 1}`, position);
  };
  for (const [start, end] of ranges) {
    const inside =
      Number.isInteger(start) && Number.isInteger(end) && start >= 1 && start < end && end <= length;
    if (!inside) throw wrong('targets', `1 <= start < end <= ${length}, whole numbers`, [start, end]);
    needs.targets += end - start;
    needs.rows = Math.max(needs.rows, end - 1);
  }
  for (const { position, labels } of candidates) {
    assertPosition('candidates', position);
    needs.candidates += labels.length;
    needs.rows = Math.max(needs.rows, position + 1);
  }
  for (const position of hidden) {
    assertPosition('hidden', position);
    needs.rows = Math.max(needs.rows, position + 1);
  }
  if (needs.rows === 0) needs.rows = length;
  return needs;
}

function isToken(id: unknown): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) <= maxToken;
}
