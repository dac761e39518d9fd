import { treeOf, type TreeBatch } from './treeBatch.js';
import type { TreeSequence } from '@selfjudge/text';
import { checkSequences, needsOf } from './treeSequence.js';

/** Sequences that must share a tree: both sides of a pair, both orders of a judgment. */
export interface SequenceGroup {
  sequences: TreeSequence[];
}

export interface PlannedTree<G extends SequenceGroup> {
  batch: TreeBatch;
  /** The groups of the tree; its sequences are theirs, in order. */
  groups: G[];
  /** Of each group, the index of its first sequence. */
  first: number[];
}

/**
 * Cuts groups, in order, into trees of at most `tokenBudget` rows (shared prefixes counted once). A group is never
 * split: one that alone is over the budget becomes a tree of its own. Nothing computed from the trees depends on the
 * cut, since a row knows only its own path, as long as weights are normalised over all groups.
 *
 * @param tokenBudget at least 1, else an ArgumentError
 */
export function* plan<G extends SequenceGroup>(
  groups: readonly G[],
  tokenBudget: number,
): Generator<PlannedTree<G>> {
  let open: G[] = [];
  let trie = new TrieCounter();
  for (const group of groups) {
    trie.add(group.sequences);
    if (open.length > 0 && trie.rows > tokenBudget) {
      yield tree(open);
      open = [];
      trie = new TrieCounter();
      trie.add(group.sequences);
    }
    open.push(group);
  }
  if (open.length > 0) yield tree(open);
}

function tree<G extends SequenceGroup>(groups: G[]): PlannedTree<G> {
  let next = 0;
  const first = groups.map(({ sequences }) => (next += sequences.length) - sequences.length);
  return { batch: treeOf(groups.flatMap(({ sequences }) => sequences)), groups, first };
}

/** What a tree makes a model compute. */
export interface TreeShape {
  /** Distinct paths: what sequences share is one row. */
  rows: number;
  /** Distinct rows that a head reads: something is predicted from them, or their hidden state is wanted. */
  headRows: number;
  /** Pairs of a row and a row it sees, itself included. */
  pairs: number;
}

/**
 * The shape of the TreeBatch of these sequences.
 * @param window rows that a row sees at most, as of treeAttention; 0, the default: its whole path
 */
export function treeShape(sequences: readonly TreeSequence[], window = 0): TreeShape {
  checkSequences(sequences, 'sequences', 'treeShape');
  const { rows, headRows, pairs } = new TrieCounter().add(sequences, window === 0 ? Infinity : window);
  return { rows, headRows, pairs };
}

/** The shape of a TreeBatch of the added sequences, which were checked before. */
class TrieCounter implements TreeShape {
  rows = 0;
  pairs = 0;
  // The trie as one map from (node, token) to node: with 2^31 token ids a double has room for 2^22 nodes.
  private readonly children = new Map<number, number>();
  private readonly read = new Set<number>();

  get headRows(): number {
    return this.read.size;
  }

  /** @param mostSeen rows that a row of these sequences sees at most */
  add(sequences: readonly TreeSequence[], mostSeen = Infinity): this {
    sequences.forEach((sequence, s) => {
      const needed = needsOf(sequence, `sequences[${s}]`, 'RowCounter.add').rows;
      const { tokens, state = 0, targets = [], candidates = [], hidden = [] } = sequence;
      const path: number[] = [];
      let node = -1 - state;
      for (let i = 0; i < needed; i++) {
        const key = node * 2 ** 31 + tokens[i];
        let child = this.children.get(key);
        if (child === undefined) {
          child = ++this.rows;
          this.pairs += Math.min(i + 1, mostSeen);
          this.children.set(key, child);
        }
        path.push(child);
        node = child;
      }
      for (const [start, end] of targets) for (let p = start; p < end; p++) this.read.add(path[p - 1]);
      for (const { position, labels } of candidates) if (labels.length > 0) this.read.add(path[position]);
      for (const position of hidden) this.read.add(path[position]);
    });
    return this;
  }
}

/** The shape of a TreeBatch of the added sequences. */
export class RowCounter extends TrieCounter {
  override add(sequences: readonly TreeSequence[]): this {
    checkSequences(sequences, 'sequences', 'RowCounter.add');
    return super.add(sequences);
  }
}
