// What a run of training is made of: a task, its steps, what chooses among its policies, and how it ends.
import type { Leaves, Ranks } from '@selfjudge/engine/internal';
import type { DataOrder } from './dataOrder.js';
import type { Metrics } from '../metrics/means.js';
import type { AdamW } from '../optimizer/adamw.js';
import type { Profile } from '../metrics/profile.js';
import type { RunFolder } from './runFolder.js';
import type { MetricsRow } from '../runs/rows.js';
import type { Schedule } from './schedule.js';
import type { TaskState } from './taskState.js';
import type { Trainable } from '../optimizer/trainable.js';
import type { Workload } from './workload.js';

export interface StepContext {
  /** From 1. */
  step: number;
  learningRate: number;
  signal?: AbortSignal;
  /** How gradients are summed, and by which ranks. Absent: all rows at once, in this process. */
  leaves?: Leaves;
  /** Told where each phase of the step ends. Absent: nothing is measured. */
  profile?: Profile;
}

export interface StepReport {
  metrics: Metrics;
  /** Tokens trained on in this step, shared prefixes counted for each sequence. */
  tokens: number;
  /** Ids of the examples, to name a bad batch. */
  examples: string[];
  /** The gradient was not finite and the step changed nothing. */
  skipped: boolean;
}

/** What a signal says of the policy now. */
export interface SignalReport {
  metrics: Metrics;
  /** What it was told from, for samples/eval-step-N.jsonl. */
  rows?: readonly object[];
  /** Larger is better. Absent where nothing is chosen: the policy is only looked at. */
  signal?: number;
  /** Whether this policy may be chosen. */
  eligible: boolean;
  /** Training should end here. */
  stop: boolean;
}

/** Who or what says which policy is best, and of how many. */
export interface Chooser {
  /** In words, or a metric's name. */
  judge: string;
  n: number;
  /** What there are `n` of. Default: dev prompts. */
  of?: string;
}

/** Looks at the policies of a run, and may choose among them. */
export interface Selection {
  every: number;
  /** Of the start, which counts as step 0. Absent: the start is no candidate. */
  startSignal?: number;
  chosenBy?: Chooser;
  evaluate(at: StepContext): Promise<SignalReport>;
}

export interface TrainingTask {
  trainable: Trainable;
  optimizer: AdamW;
  order: DataOrder;
  schedule: Schedule;
  /** Forward, backward and the update of one step. Must be a function of (parameters, moments, step) alone. */
  step(at: StepContext): Promise<StepReport>;
  selection?: Selection;
  /** What the steps compute on, as far as it is known: what memory and time can be told from. */
  workload?: Workload;
  /** Looks at what was logged, row by row, for example for a policy that does not move. A resumed run sees all rows. */
  review?(row: MetricsRow): string | undefined;
  /**
   * What the task keeps besides parameters and moments, for a checkpoint: as it is after the last whole step. It changes
   * where the optimizer updates and nowhere else, so that a step cut short leaves it alone.
   */
  state?(): Promise<TaskState> | TaskState;
  /** Takes up what `state` gave. There when `state` is. @throws for what it did not give, before anything changes */
  restore?(state: TaskState): void;
  /** Called when all steps are done, before the result is saved. @throws when nothing was learnt, saying why */
  conclude?(): void;
}

export interface RunnerOptions {
  /** Without a folder nothing is written and nothing can be resumed. */
  folder?: RunFolder;
  saveSteps: number;
  saveTotalLimit: number;
  /** The processes that make these steps together, each with a folder that is open for it. Default: this one alone. */
  ranks?: Ranks;
  /** Slices whose gradients are added in one tree: a power of two that `ranks` divide. Default: 1. */
  gradientLeaves?: number;
  /** Go on from the newest checkpoint, if there is one; a damaged one is an error. */
  resume?: boolean;
  /** Aborting stops at once, writes a checkpoint of the last whole step and resolves with `interrupted`. */
  signal?: AbortSignal;
  /** Called once, before the first step. @param step steps done already, above 0 when a run goes on */
  onStart?(step: number): void;
  onLog?(row: MetricsRow): void;
  onWarning?(message: string): void;
}

export type TrainingResult =
  | {
      status: 'completed';
      /** Steps done; fewer than planned when the signal ended training. */
      step: number;
      /** The step whose policy was kept: the last, or the best by the signal. */
      bestStep: number;
      /** Who chose it, where it was chosen. */
      chosenBy?: Chooser;
      numTokens: number;
      last: Metrics;
      final?: string;
    }
  | { status: 'interrupted'; step: number; numTokens: number; checkpoint?: string };
