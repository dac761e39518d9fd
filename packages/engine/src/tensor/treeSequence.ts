import { anything, list, numbers, object, optional, tuple, type Check } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import type { TreeSequence } from '@selfjudge/text';

const maxToken = 2 ** 31 - 1;

/** The parts of a sequence, so that they can be looked at; whether they are in range comes after. */
const isSequence: Check = object({
  tokens: numbers(anything),
  targets: optional(list(tuple(anything, anything))),
  candidates: optional(list(object({ labels: list(anything) }))),
});
const isList = list(anything);

/** Checks the sequences of a tree and counts, per sequence, the rows needed and the target labels. */
export function checkSequences(sequences: readonly TreeSequence[]): {
  rowsNeeded: Int32Array;
  targets: Int32Array;
  labels: number;
} {
  const where = 'TreeBatch.from';
  isList(sequences, 'sequences', where);
  if (sequences.length === 0) {
    throw new ArgumentError('sequences', { where, expected: 'at least one sequence', received: 'none' });
  }
  const rowsNeeded = new Int32Array(sequences.length);
  const targets = new Int32Array(sequences.length);
  let labels = 0;
  for (let i = 0; i < sequences.length; i++) {
    const needs = checkSequence(sequences[i], `sequences[${i}]`, where);
    rowsNeeded[i] = needs.rows;
    targets[i] = needs.targets;
    labels += needs.targets + needs.candidates;
  }
  return { rowsNeeded, targets, labels };
}

/**
 * Checks one sequence.
 *
 * @returns how many rows it needs, those that something is predicted from and those above them, and how many labels of
 *   both kinds it has. A last token that is only a label has no row; a sequence without labels keeps all.
 */
export function checkSequence(
  sequence: TreeSequence,
  what: string,
  where: string,
): { rows: number; targets: number; candidates: number } {
  const wrong = (part: string, expected: string, received: unknown) =>
    new ArgumentError(`${what}.${part}`, { where, expected, received });
  isSequence(sequence, what, where);
  const { tokens, targets: ranges = [], candidates = [], state = 0 } = sequence;
  const { length } = tokens;
  if (length === 0) throw wrong('tokens', 'at least one token', 'none');
  for (let p = 0; p < length; p++) {
    if (!isToken(tokens[p])) throw wrong(`tokens[${p}]`, 'a token id', tokens[p]);
  }
  if (!Number.isSafeInteger(state)) throw wrong('state', 'a whole number', state);
  const needs = { rows: 0, targets: 0, candidates: 0 };
  for (const [start, end] of ranges) {
    const inside =
      Number.isInteger(start) && Number.isInteger(end) && start >= 1 && start < end && end <= length;
    if (!inside) throw wrong('targets', `1 <= start < end <= ${length}, whole numbers`, [start, end]);
    needs.targets += end - start;
    needs.rows = Math.max(needs.rows, end - 1);
  }
  for (const { position, labels } of candidates) {
    if (!Number.isInteger(position) || position < 0 || position >= length) {
      throw wrong('candidates', `a position from 0 to ${length - 1}`, position);
    }
    for (const label of labels) {
      if (!isToken(label)) throw wrong('candidates', 'token ids as labels', label);
    }
    needs.candidates += labels.length;
    needs.rows = Math.max(needs.rows, position + 1);
  }
  if (needs.rows === 0) needs.rows = length;
  return needs;
}

function isToken(id: unknown): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) <= maxToken;
}
