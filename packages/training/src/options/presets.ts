import type {
  DpoOptions,
  JsftOptions,
  LoopOptions,
  PreferenceOptions,
  SelfTrainingOptions,
  SftOptions,
} from './options.js';

const loop: LoopOptions = {
  learningRate: 2e-4,
  lrSchedulerType: 'cosine',
  warmupRatio: 0.03,
  warmupSteps: 0,
  minLrRatio: 0,
  lrNumCycles: 0,
  lrPower: 1,
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  adamEpsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
  trainBatchSize: 32,
  numTrainEpochs: 1,
  maxSteps: 0,
  seed: 0,
  tokenBudget: 4096,
  saveSteps: 50,
  saveTotalLimit: 2,
};

/** LoRA's rank, scale and place: every linear layer by default, the original's query and value in `paperLora`. */
export const defaultLora = {
  r: 8,
  alpha: 16,
  dropout: 0.05,
  targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
};
export const paperLora = { r: 8, alpha: 16, dropout: 0.1, targetModules: ['q_proj', 'v_proj'] };

export const sftDefaults: SftOptions = { ...loop, maxLength: 1024 };

export const jsftDefaults: JsftOptions = {
  ...sftDefaults,
  judgeBatchSize: 32,
  lossNormalization: 'task',
  judgeWeight: 1,
  rationaleWeight: 1,
};

const preference: LoopOptions & PreferenceOptions = {
  ...loop,
  learningRate: 5e-5,
  lrSchedulerType: 'constant_with_warmup',
  warmupRatio: 0.1,
  lossType: 'sigmoid',
  beta: 0.1,
  labelSmoothing: 0,
  logpReduction: 'sum',
};

export const dpoDefaults: DpoOptions = {
  ...preference,
  maxLength: 1024,
  precomputeRefLogProbs: false,
};

export const selfTrainingDefaults: SelfTrainingOptions = {
  ...preference,
  maxPromptLength: 512,
  maxNewTokens: 128,
  temperature: 1,
  topP: 0.9,
  topK: 0,
  missingEos: 'drop',
  evalSteps: 0,
  maxKl: 10,
};

/**
 * The values of arXiv 2402.11253 and its code: global batches of 128 and 64, and top-k 50 because the original leaves
 * it at its library's default. Meant for 7B models on eight GPUs; small runs hardly move with them.
 */
export const paper = {
  lora: paperLora,
  jsft: {
    ...jsftDefaults,
    learningRate: 2e-5,
    lrSchedulerType: 'cosine',
    warmupRatio: 0.03,
    numTrainEpochs: 1,
    trainBatchSize: 64,
    judgeBatchSize: 32,
    maxLength: 2048,
    lossNormalization: 'token',
  } satisfies JsftOptions as JsftOptions,
  selfTraining: {
    ...selfTrainingDefaults,
    learningRate: 5e-6,
    lrSchedulerType: 'constant_with_warmup',
    warmupRatio: 0.1,
    numTrainEpochs: 3,
    trainBatchSize: 64,
    maxPromptLength: 1280,
    maxNewTokens: 768,
    topP: 0.9,
    topK: 50,
    beta: 0.1,
    missingEos: 'keep',
  } satisfies SelfTrainingOptions as SelfTrainingOptions,
};
