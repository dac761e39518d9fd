import type { TreeSequence } from '@selfjudge/text';

/** The rows of a prefix tree, in depth-first order of insertion. */
export interface Trie {
  rows: number;
  tokens: Int32Array;
  positions: Int32Array;
  segments: Int32Array;
  rowKeys: Int32Array;
  stateRanges: { state: number; start: number; rows: number }[];
  /** Row of every position kept of every sequence; sequence i begins at pathStart[i]. */
  rowOf: Int32Array;
  pathStart: Int32Array;
}

/**
 * Merges the first `rowsNeeded[i]` tokens of each sequence into a trie on (state, token). Linear in their number:
 * nodes live in flat arrays, children are found through one open-addressing table keyed by (parent, token).
 */
export function buildTrie(sequences: readonly TreeSequence[], rowsNeeded: Int32Array): Trie {
  const total = rowsNeeded.reduce((sum, n) => sum + n, 0);
  const nodes = new Nodes(total + sequences.length);
  const pathStart = new Int32Array(sequences.length);
  const path = new Int32Array(total);
  const roots = new Map<number, number>();
  let filled = 0;
  sequences.forEach(({ tokens, state = 0 }, i) => {
    let node = roots.get(state);
    if (node === undefined) {
      node = nodes.addRoot();
      roots.set(state, node);
    }
    pathStart[i] = filled;
    for (let p = 0; p < rowsNeeded[i]; p++) {
      node = nodes.child(node, tokens[p]);
      path[filled++] = node;
    }
    nodes.ends[node] = 1;
  });
  const order = new Rows(nodes, nodes.count - roots.size);
  const stateRanges = [...roots].map(([state, root]) => {
    const start = order.rows;
    order.visit(root);
    return { state, start, rows: order.rows - start };
  });
  return {
    rows: order.rows,
    tokens: order.tokens,
    positions: order.positions,
    segments: Int32Array.from(order.segments),
    rowKeys: order.rowKeys,
    stateRanges,
    rowOf: path.map((node) => order.rowOf[node]),
    pathStart,
  };
}

class Nodes {
  count = 0;
  readonly token: Int32Array;
  readonly parent: Int32Array;
  readonly firstChild: Int32Array;
  readonly lastChild: Int32Array;
  readonly nextSibling: Int32Array;
  /** 1 where a sequence ends. */
  readonly ends: Uint8Array;
  /** Node + 1, or 0 for a free place. At most half full. */
  readonly #table: Int32Array;
  readonly #mask: number;

  constructor(capacity: number) {
    this.token = new Int32Array(capacity);
    this.parent = new Int32Array(capacity).fill(-1);
    this.firstChild = new Int32Array(capacity).fill(-1);
    this.lastChild = new Int32Array(capacity).fill(-1);
    this.nextSibling = new Int32Array(capacity).fill(-1);
    this.ends = new Uint8Array(capacity);
    const places = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#table = new Int32Array(places);
    this.#mask = places - 1;
  }

  addRoot(): number {
    return this.count++;
  }

  /** The child of `parent` with this token, added if there is none. */
  child(parent: number, token: number): number {
    let place = mix(Math.imul(parent, 0x9e3779b1) ^ token) & this.#mask;
    for (let found = this.#table[place]; found !== 0; found = this.#table[place]) {
      if (this.parent[found - 1] === parent && this.token[found - 1] === token) return found - 1;
      place = (place + 1) & this.#mask;
    }
    const node = this.count++;
    this.#table[place] = node + 1;
    this.parent[node] = parent;
    this.token[node] = token;
    if (this.firstChild[parent] === -1) this.firstChild[parent] = node;
    else this.nextSibling[this.lastChild[parent]] = node;
    this.lastChild[parent] = node;
    return node;
  }
}

/** Numbers the nodes depth first and cuts them into segments. */
class Rows {
  rows = 0;
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly rowKeys: Int32Array;
  readonly segments: number[] = [];
  readonly rowOf: Int32Array;
  readonly #nodes: Nodes;
  /** Segment of each row. */
  readonly #segment: Int32Array;

  constructor(nodes: Nodes, rows: number) {
    this.#nodes = nodes;
    this.tokens = new Int32Array(rows);
    this.positions = new Int32Array(rows);
    this.rowKeys = new Int32Array(2 * rows);
    this.#segment = new Int32Array(rows);
    this.rowOf = new Int32Array(nodes.count).fill(-1);
  }

  /** Gives rows to everything below `root`, which has none itself. */
  visit(root: number): void {
    const { parent, firstChild, nextSibling } = this.#nodes;
    let node = firstChild[root];
    while (node !== -1) {
      this.#append(node, parent[node] === root ? -1 : this.rowOf[parent[node]]);
      let next = firstChild[node];
      while (next === -1 && node !== root) {
        next = nextSibling[node];
        node = parent[node];
      }
      node = next;
    }
  }

  #append(node: number, above: number): void {
    const { token, firstChild, lastChild, ends, parent } = this.#nodes;
    const row = this.rows++;
    this.rowOf[node] = row;
    this.tokens[row] = token[node];
    this.positions[row] = above === -1 ? 0 : this.positions[above] + 1;
    this.#key(row, above);
    const up = parent[node];
    if (above !== -1 && firstChild[up] === lastChild[up] && ends[up] === 0) {
      this.#segment[row] = this.#segment[above];
      this.segments[3 * this.#segment[row] + 1]++;
    } else {
      this.#segment[row] = this.segments.length / 3;
      this.segments.push(row, 1, above === -1 ? -1 : this.#segment[above]);
    }
  }

  /** Two 32-bit hashes of the path: of the hash above, the token and the depth. */
  #key(row: number, above: number): void {
    const depth = this.positions[row];
    for (let word = 0; word < 2; word++) {
      const seed = above === -1 ? pathSeeds[word] : this.rowKeys[2 * above + word];
      const step = mix(Math.imul(this.tokens[row], tokenFactors[word]) + depth);
      this.rowKeys[2 * row + word] = mix(Math.imul(seed, pathFactors[word]) ^ step);
    }
  }
}

// Odd constants that tell the two words of a key apart.
const pathSeeds = [0x243f6a88, 0x85a308d3];
const pathFactors = [0x01000193, 0xcc9e2d51 | 0];
const tokenFactors = [0x9e3779b1 | 0, 0x85ebca77 | 0];

/** A bijective finaliser of 32 bits (multiply and shift), so that near inputs give far outputs. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b | 0);
  return x ^ (x >>> 16);
}
