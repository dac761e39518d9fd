import { ArgumentError } from '../errors.js';
import type { TreeSequence } from './treeBatch.js';

const maxToken = 2 ** 31 - 1;

/** Checks the sequences of a tree and counts, per sequence, the rows needed and the target labels. */
export function checkSequences(sequences: readonly TreeSequence[]): {
  rowsNeeded: Int32Array;
  targets: Int32Array;
  labels: number;
} {
  if (sequences.length === 0) throw wrong('sequences', 'at least one sequence', 'none');
  const rowsNeeded = new Int32Array(sequences.length);
  const targets = new Int32Array(sequences.length);
  let labels = 0;
  sequences.forEach((sequence, i) => {
    const { tokens, targets: ranges = [], candidates = [], state = 0 } = sequence;
    if (tokens.length === 0) throw wrong(`sequences[${i}].tokens`, 'at least one token', 'none');
    for (let p = 0; p < tokens.length; p++) {
      if (!isToken(tokens[p])) throw wrong(`sequences[${i}].tokens[${p}]`, 'a token id', tokens[p]);
    }
    if (!Number.isInteger(state)) throw wrong(`sequences[${i}].state`, 'a whole number', state);
    let needed = 0;
    for (const [start, end] of ranges) {
      const inside =
        Number.isInteger(start) && Number.isInteger(end) && start >= 1 && start < end && end <= tokens.length;
      if (!inside) {
        const expected = `1 <= start < end <= ${tokens.length}, whole numbers`;
        throw wrong(`sequences[${i}].targets`, expected, [start, end]);
      }
      targets[i] += end - start;
      needed = Math.max(needed, end - 1);
    }
    labels += targets[i];
    for (const { position, labels: extra } of candidates) {
      if (!Number.isInteger(position) || position < 0 || position >= tokens.length) {
        throw wrong(`sequences[${i}].candidates`, `a position from 0 to ${tokens.length - 1}`, position);
      }
      const bad = extra.find((label) => !isToken(label));
      if (bad !== undefined) throw wrong(`sequences[${i}].candidates`, 'token ids as labels', bad);
      labels += extra.length;
      needed = Math.max(needed, position + 1);
    }
    rowsNeeded[i] = needed === 0 ? tokens.length : needed;
  });
  return { rowsNeeded, targets, labels };
}

function isToken(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= maxToken;
}

function wrong(what: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError(what, { where: 'TreeBatch.from', expected, received });
}
