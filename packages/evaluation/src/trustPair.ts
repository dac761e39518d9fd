import type { Better } from './points.js';
import type { KnownVerdict } from './verdictSummary.js';

/** A pair that a judge was asked about, and all that is known of it. */
export interface TrustPair extends KnownVerdict {
  /** Of both answers, in characters. */
  lengths: readonly [a: number, b: number];
  /** The label says only which answer the file has first: nothing can be learnt of the order of such rows. */
  ordered?: boolean;
  /** What each of several people says, by name. */
  people?: Readonly<Record<string, Better>>;
  /** Who wrote the answers. */
  writers?: readonly [a: string, b: string];
}

/** A pair with a label and a verdict. */
export type LabelledPair = TrustPair & { label: Better; winner: Better };

/** Those of which both is known: all that a judge can be right or wrong about. */
export const labelledOf = (pairs: readonly TrustPair[]): LabelledPair[] =>
  pairs.flatMap((pair) => {
    const { label } = pair;
    const { winner } = pair.verdict;
    return label === undefined || winner === null ? [] : [{ ...pair, label, winner }];
  });
