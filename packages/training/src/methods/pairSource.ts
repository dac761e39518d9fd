import type { Contest, TokenizedPrompt } from '../pairs/contest.js';
import type { Metrics } from '../metrics/means.js';
import type { StepContext } from '../loop/trainingTask.js';

/** What came of the examples of a step. */
export interface DrawnPairs {
  contests: Contest[];
  /** What the source itself says of them. */
  metrics?: Metrics;
}

/** Where the pairs that a step learns from come from. */
export interface PairSource {
  /** Of the method, for what is said of a run without pairs. */
  readonly verb: string;
  /** Examples that steps are made of. */
  readonly length: number;
  /** Answers that are sampled for one example at most. */
  readonly answers: number;
  /** Whether the policy itself draws, in the step: then what its sampler said tells how far it is from the start. */
  readonly isOwn: boolean;
  promptOf(example: number): TokenizedPrompt;
  /** A function of examples, step and, where `isOwn`, of the policy: of nothing that was asked before. */
  draw(examples: readonly number[], at: StepContext): Promise<DrawnPairs>;
}
