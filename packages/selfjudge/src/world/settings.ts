import type { DeviceKind } from '@selfjudge/engine';
import {
  dpoDefaults,
  jsftDefaults,
  selfTrainingDefaults,
  sftDefaults,
  type DpoOptions,
  type JsftOptions,
  type SelfTrainingOptions,
  type SftOptions,
} from '@selfjudge/training';
import { SHIPPED_SIZE, WORLD_OPTIMIZER, type WorldSize } from './base.js';
import type { WorldTemplate } from './templates.js';
import type { Writers } from './writer.js';

/** Who writes the answers of labelled pairs: the more careless, the fewer of them are as good as answers can be. */
export interface WorldOptions extends Writers {
  outputDir: string;
  device: DeviceKind;
  seed: number;
  /** Of the model. The base of the default comes with the package; others are trained first, a base a size. */
  size: WorldSize;
  judgeTemplate: WorldTemplate;
  /** Labelled pairs. */
  pairs: number;
  /** Probability that a label is flipped, each by itself. */
  labelNoise: number;
  /** Probability that a pair is misread, and all its labels are flipped. */
  sharedNoise: number;
  /** Of SFT and of JSFT. */
  jsftSteps: number;
  /** Of self-training and of offline DPO. */
  steps: number;
  /** Of the same two. */
  learningRate: number;
  offlineLearningRate: number;
}

/** Few labels, a fifth of them wrong, and many prompts: where self-training has something to give. */
export const worldDefaults: Omit<WorldOptions, 'outputDir'> = {
  device: 'cpu',
  seed: 1,
  size: SHIPPED_SIZE,
  judgeTemplate: 'principles',
  pairs: 300,
  labelNoise: 0.2,
  sharedNoise: 0,
  care: 'careless',
  careBy: 'principle',
  modal: 'right',
  jsftSteps: 200,
  steps: 160,
  learningRate: 1e-4,
  offlineLearningRate: 1e-4,
};

/** Random numbers of a use, so that no two uses depend on each other's draws. */
export const STREAM = { pairs: 1, devPairs: 2, prompts: 3, written: 4 };
/** Six items with their numbers, as bullets, politely, with a total. */
export const MAX_NEW_TOKENS = 26;
export const MAX_LENGTH = 256;
/**
 * Nats an answer: a policy farther from its start is not kept, and training stops. Offline it is less: there the judge on dev prompts
 * goes on liking what gold no longer does (decision 051).
 */
export const MAX_KL = 4;
export const OFFLINE_MAX_KL = 2;

export const sftSettings = ({ jsftSteps, seed }: WorldOptions): SftOptions => ({
  ...sftDefaults,
  ...WORLD_OPTIMIZER,
  learningRate: 3e-4,
  lrSchedulerType: 'cosine',
  minLrRatio: 0.1,
  warmupSteps: 20,
  trainBatchSize: 16,
  maxSteps: jsftSteps,
  maxLength: MAX_LENGTH,
  seed,
});

export const jsftSettings = (options: WorldOptions): JsftOptions => ({
  ...jsftDefaults,
  ...sftSettings(options),
  judgeBatchSize: 16,
});

/** What a way to train on own answers has of prompts, steps and lengths, and of choosing among its policies. */
export const ownAnswerBudget = ({ steps, learningRate, seed }: WorldOptions) => ({
  ...WORLD_OPTIMIZER,
  weightDecay: 0,
  learningRate,
  lrSchedulerType: 'constant_with_warmup' as const,
  warmupSteps: 10,
  trainBatchSize: 48,
  maxSteps: steps,
  maxNewTokens: MAX_NEW_TOKENS,
  maxPromptLength: MAX_LENGTH - MAX_NEW_TOKENS,
  evalSteps: 20,
  maxKl: MAX_KL,
  seed,
});

export const selfTrainingSettings = (options: WorldOptions): SelfTrainingOptions => ({
  ...selfTrainingDefaults,
  ...ownAnswerBudget(options),
});

/** Those of self-training, offline. */
export const dpoSettings = (options: WorldOptions): DpoOptions => ({
  ...dpoDefaults,
  ...selfTrainingSettings(options),
  learningRate: options.offlineLearningRate,
  selectBy: 'none',
  maxLength: MAX_LENGTH,
  precomputeRefLogProbs: true,
});
