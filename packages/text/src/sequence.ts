/** One path from the root of a prefix tree, and what is to be predicted on it. */
export interface TreeSequence {
  /** Token ids of the whole path from the root. */
  tokens: ArrayLike<number>;
  /** Ranges [start, end) of token positions that are labels: tokens[p] is predicted from row p - 1, so start >= 1. */
  targets?: [start: number, end: number][];
  /** Further labels predicted FROM row `position`, such as the verdicts A and B. */
  candidates?: { position: number; labels: number[] }[];
  /** Positions whose final hidden row a head of its own reads: the last one for a reward, each answer token's for a value. */
  hidden?: number[];
  /** State of the adapters; sequences of different states share no rows. Default 0. */
  state?: number;
}
