import { check } from '@selfjudge/base/checks';
import { compareArguments, verdictsOn } from './checks.js';
import type { JudgePair } from './pair.js';
import type { Verdict } from './verdict.js';

export interface CompareOptions {
  /** Rows of one tree of a model at most: memory, not results, depends on it. Default 4096. */
  tokenBudget?: number;
  onProgress?: (done: number, total: number) => void;
  /** Ends the work after what is under way; the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Whoever says which of two answers is better: a model, a reward model, people. */
export interface Judge<V extends Verdict = Verdict> {
  /** @returns one verdict a pair, in the order of the pairs; a pair it cannot say anything of has a null verdict */
  compare(pairs: readonly JudgePair[], options?: CompareOptions): Promise<V[]>;
}

/**
 * What a judge says, looked at before anything follows from it: anybody's judge may be asked.
 * @param where the function that asks
 * @throws ArgumentError when it does not say a verdict of each pair
 */
export async function consult(
  judge: Judge,
  pairs: readonly JudgePair[],
  where: string,
  options: CompareOptions = {},
): Promise<Verdict[]> {
  const verdicts = await judge.compare(pairs, options);
  verdictsOn(pairs.length)(verdicts, 'verdicts', where);
  return verdicts;
}

/** A judge made of a function, which gets pairs and options that are what they should be. @param where its name in errors */
export function judgeBy<V extends Verdict>(
  where: string,
  compare: (pairs: readonly JudgePair[], options: CompareOptions) => Promise<V[]>,
): Judge<V> {
  return {
    async compare(pairs, options = {}) {
      check(where, { pairs, options }, compareArguments);
      return compare(pairs, options);
    },
  };
}

/** Options for part `index` of `parts` of a work on `total`: what it says of its progress is said of the whole. */
export function partly(
  options: CompareOptions,
  { index, parts, total }: { index: number; parts: number; total: number },
): CompareOptions {
  const { onProgress } = options;
  if (onProgress === undefined) return options;
  const share = (done: number, of: number) => (of > 0 ? done / of : 1);
  return {
    ...options,
    onProgress: (done, of) => onProgress(Math.floor((total * (index + share(done, of))) / parts), total),
  };
}
