import type { ScheduleOptions } from './schedule.js';

export const LOSS_TYPES = ['sigmoid', 'hinge', 'ipo'] as const;
export type LossType = (typeof LOSS_TYPES)[number];

/** TRL's words in camelCase: the configuration file says `adam_beta1` where this says `adamBeta1`. */
export interface OptimizerOptions {
  adamBeta1: number;
  adamBeta2: number;
  adamEpsilon: number;
  /** Decoupled; matrices only, never norm weights and biases. */
  weightDecay: number;
  /** Gradients are scaled down to this global norm; 0 for no limit. */
  maxGradNorm: number;
}

/** What every training method shares. */
export interface LoopOptions extends OptimizerOptions, ScheduleOptions {
  /** Examples (pairs, prompts) an optimizer step: TRL's per-device batch times gradient accumulation. */
  trainBatchSize: number;
  numTrainEpochs: number;
  /** Steps in all, whatever the number of examples; 0 to go by epochs. */
  maxSteps: number;
  /** Keys data order, dropout and sampling. */
  seed: number;
  /** Rows of one tree at most: memory, not results, depends on it. */
  tokenBudget: number;
  /** A checkpoint every so many steps; 0 for none but the last. */
  saveSteps: number;
  /** Checkpoints kept; 0 for all. */
  saveTotalLimit: number;
}

export interface SftOptions extends LoopOptions {
  /**
   * Tokens of prompt and answer at most. Longer answers are cut and lose their end token; examples whose prompt leaves
   * no room, and judge examples that are longer, are dropped. Both are counted.
   */
  maxLength: number;
}

/**
 * `task`: mean over SFT tokens + judgeWeight x mean over verdicts + rationaleWeight x mean over rationale tokens, each
 * over the whole optimizer step. `token`: the plain mean over all of them, in which one-token verdicts drown; the
 * weights are not read.
 */
export type LossNormalization = 'task' | 'token';

export interface JsftLossOptions {
  lossNormalization: LossNormalization;
  judgeWeight: number;
  rationaleWeight: number;
}

export interface JsftOptions extends SftOptions, JsftLossOptions {
  /** Judge examples an optimizer step, each a pair in both orders, beside `trainBatchSize` SFT examples. */
  judgeBatchSize: number;
}

export interface PreferenceOptions {
  lossType: LossType;
  /** How strongly the policy is held to the reference; above 0. */
  beta: number;
  /** sigmoid only (cDPO): in [0, 0.5). */
  labelSmoothing: number;
  /** Log-probability of an answer: sum over its tokens, or their mean. */
  logpReduction: 'sum' | 'mean';
}

export interface DpoOptions extends LoopOptions, PreferenceOptions {
  /** Tokens of prompt and answer at most. Longer answers are cut, pairs whose prompt leaves no room dropped; both counted. */
  maxLength: number;
  /** Score the reference once before the first step instead of in every step. */
  precomputeRefLogProbs: boolean;
}

/** What becomes of an answer cut before its end token: no pair at all, judged as it is, or it loses to a finished one. */
export type MissingEos = 'drop' | 'keep' | 'lose';

export interface SelfTrainingOptions extends LoopOptions, PreferenceOptions {
  /** Prompts longer than this are dropped and counted. */
  maxPromptLength: number;
  maxNewTokens: number;
  temperature: number;
  topP: number;
  /** 0 for no limit. */
  topK: number;
  missingEos: MissingEos;
  /** Ask the judge about the dev prompts every so many steps, and keep the best policy by its answer; 0 for never. */
  evalSteps: number;
  /** Nats a sequence: a policy farther than this from the start is no candidate, and training stops. */
  maxKl: number;
}
