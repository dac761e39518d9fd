import type { TreeSequence } from '@selfjudge/text';
import { check, numbers } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { checkSequences, needsOfAll } from './treeSequence.js';
import { buildTrie, keepId } from './trie.js';

/** Labels as parallel arrays, ordered by sequence, in it targets in order, then candidates. */
export interface TreeLabels {
  /** Index into `headRows`. */
  row: Int32Array;
  /** The token id. */
  label: Int32Array;
  sequence: Int32Array;
  /** Position of the predicted token in its sequence. */
  position: Int32Array;
}

/** The hidden rows that sequences want, as parallel arrays, ordered by sequence, in it as they were named. */
export interface TreeHidden {
  /** Index into `headRows`; sequences that share a row have the same one. */
  row: Int32Array;
  sequence: Int32Array;
  /** Position of the row in its sequence. */
  position: Int32Array;
}

/** `TreeBatch.from` of sequences that were checked before. */
export let treeOf: (sequences: readonly TreeSequence[]) => TreeBatch;

/**
 * Sequences packed into a prefix tree: a row for every distinct path, so that what sequences share is computed once
 * and nothing is padded. Segments are runs of rows without a branch; rows of a segment, of a subtree and of a state
 * are contiguous, and parents come before children. The order follows that of the sequences.
 */
export class TreeBatch {
  /** Number of rows T. */
  readonly rows: number;
  /** Number of sequences it was made from. */
  readonly sequences: number;
  /** [T] token ids. */
  readonly tokens: Int32Array;
  /** [T] depth of each row in its own path, from 0. */
  readonly positions: Int32Array;
  /** [S * 3] triples (start, length, parent), parent -1 for none. */
  readonly segments: Int32Array;
  /** [T * 2] hash of each row's path, without the state: what keys dropout. */
  readonly rowKeys: Int32Array;
  /** The rows of each state, in order of first use. */
  readonly stateRanges: { state: number; start: number; rows: number }[];
  /** [R] distinct rows that a head reads, of labels or of `hidden`, ascending. */
  readonly headRows: Int32Array;
  readonly labels: TreeLabels;
  readonly hidden: TreeHidden;
  /** How many labels of each sequence are targets; they are its first. */
  readonly #targets: Int32Array;

  private constructor(fields: Omit<TreeBatch, 'sums' | 'sequences'>, targets: Int32Array) {
    this.rows = fields.rows;
    this.sequences = targets.length;
    this.tokens = fields.tokens;
    this.positions = fields.positions;
    this.segments = fields.segments;
    this.rowKeys = fields.rowKeys;
    this.stateRanges = fields.stateRanges;
    this.headRows = fields.headRows;
    this.labels = fields.labels;
    this.hidden = fields.hidden;
    this.#targets = targets;
  }

  /**
   * Builds the tree. Only rows that something is predicted or wanted from, and those above them, are kept: a last token
   * that is only a label makes no row. A sequence that wants nothing keeps all its rows. Throws an ArgumentError naming
   * the sequence for an empty or ill-typed one, or labels or hidden rows out of range.
   */
  static from(sequences: readonly TreeSequence[]): TreeBatch {
    checkSequences(sequences, 'sequences', 'TreeBatch.from');
    return TreeBatch.#of(sequences);
  }

  static {
    treeOf = (sequences) => TreeBatch.#of(sequences);
  }

  static #of(sequences: readonly TreeSequence[]): TreeBatch {
    const { rowsNeeded, targets, labels: total, hidden: wanted } = needsOfAll(sequences);
    const trie = buildTrie(sequences, rowsNeeded);
    const row = new Int32Array(total);
    const label = new Int32Array(total);
    const sequence = new Int32Array(total);
    const position = new Int32Array(total);
    const hidden = {
      row: new Int32Array(wanted),
      sequence: new Int32Array(wanted),
      position: new Int32Array(wanted),
    };
    let next = 0;
    let nextHidden = 0;
    sequences.forEach((s, i) => {
      const rowAt = (p: number): number => trie.rowOf[trie.pathStart[i] + p];
      for (const [start, end] of s.targets ?? []) {
        for (let p = start; p < end; p++, next++) {
          row[next] = rowAt(p - 1);
          keepId(label, next, s.tokens[p]);
          sequence[next] = i;
          position[next] = p;
        }
      }
      for (const candidate of s.candidates ?? []) {
        for (const token of candidate.labels) {
          row[next] = rowAt(candidate.position);
          keepId(label, next, token);
          sequence[next] = i;
          position[next] = candidate.position + 1;
          next++;
        }
      }
      for (const p of s.hidden ?? []) {
        hidden.row[nextHidden] = rowAt(p);
        hidden.sequence[nextHidden] = i;
        hidden.position[nextHidden++] = p;
      }
    });
    const headRows = toIndices([row, hidden.row], trie.rows);
    return new TreeBatch({ ...trie, headRows, labels: { row, label, sequence, position }, hidden }, targets);
  }

  /** Per sequence, the sum of the log-probabilities of its targets; candidates are left out. */
  sums(logp: ArrayLike<number>): Float64Array {
    if (!(logp instanceof Float32Array)) check('TreeBatch.sums', { logp }, { logp: numbers() });
    const { sequence } = this.labels;
    if (logp.length !== sequence.length) {
      throw new ArgumentError('logp', {
        where: 'TreeBatch.sums',
        expected: `${sequence.length} values, one a label`,
        received: `${logp.length}`,
      });
    }
    const sums = new Float64Array(this.sequences);
    for (let label = 0, i = 0; i < this.sequences; i++) {
      for (const end = label + this.#targets[i]; label < end; label++) sums[i] += logp[label];
      while (sequence[label] === i) label++;
    }
    return sums;
  }
}

/** Replaces each row in the lists by its index among the distinct ones of all, ascending, and returns those. */
function toIndices(lists: readonly Int32Array[], count: number): Int32Array {
  const used = new Uint8Array(count);
  for (const rows of lists) for (const row of rows) used[row] = 1;
  const indices = new Int32Array(count);
  const distinct: number[] = [];
  for (let row = 0; row < count; row++) {
    if (used[row] === 1) {
      indices[row] = distinct.length;
      distinct.push(row);
    }
  }
  for (const rows of lists) for (let i = 0; i < rows.length; i++) rows[i] = indices[rows[i]];
  return Int32Array.from(distinct);
}
