import type { DeviceKind } from '@selfjudge/engine';
import {
  dpoDefaults,
  jsftDefaults,
  selfTrainingDefaults,
  type DpoOptions,
  type JsftOptions,
  type SelfTrainingOptions,
} from '@selfjudge/training';
import { WORLD_OPTIMIZER } from './base.js';
import type { WorldTemplate } from './templates.js';

export interface WorldOptions {
  outputDir: string;
  device: DeviceKind;
  seed: number;
  judgeTemplate: WorldTemplate;
  /** Labelled pairs. */
  pairs: number;
  /** Probability that a label is flipped. */
  labelNoise: number;
  baseSteps: number;
  jsftSteps: number;
  /** Of self-training and of offline DPO. */
  steps: number;
}

/** Random numbers of a use, so that no two uses depend on each other's draws. */
export const STREAM = { pairs: 1, devPairs: 2, prompts: 3 };
export const MAX_NEW_TOKENS = 18;
export const MAX_LENGTH = 256;

export const jsftSettings = ({ jsftSteps, seed }: WorldOptions): JsftOptions => ({
  ...jsftDefaults,
  ...WORLD_OPTIMIZER,
  learningRate: 2e-3,
  lrSchedulerType: 'cosine',
  minLrRatio: 0.1,
  warmupSteps: 20,
  trainBatchSize: 16,
  judgeBatchSize: 16,
  maxSteps: jsftSteps,
  maxLength: MAX_LENGTH,
  seed,
});

export const selfTrainingSettings = ({ steps, seed }: WorldOptions): SelfTrainingOptions => ({
  ...selfTrainingDefaults,
  ...WORLD_OPTIMIZER,
  weightDecay: 0,
  learningRate: 5e-5,
  lrSchedulerType: 'constant_with_warmup',
  warmupSteps: 10,
  trainBatchSize: 48,
  maxSteps: steps,
  maxNewTokens: MAX_NEW_TOKENS,
  maxPromptLength: MAX_LENGTH - MAX_NEW_TOKENS,
  evalSteps: 20,
  maxKl: 2,
  seed,
});

/** Those of self-training, offline. */
export const dpoSettings = (options: WorldOptions): DpoOptions => ({
  ...dpoDefaults,
  ...selfTrainingSettings(options),
  selectBy: 'none',
  maxLength: MAX_LENGTH,
  precomputeRefLogProbs: true,
});
