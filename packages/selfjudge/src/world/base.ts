import { Random, type LlamaModel, type ModelConfig, type Tokenizer, type TreeSequence } from '@selfjudge/core';
import { completionIds, promptIds } from '@selfjudge/data';
import { judgeSequences, type JudgeTemplate } from '@selfjudge/judging';
import {
  fullTrainable,
  sftDefaults,
  sftExample,
  sftTask,
  supervisedStep,
  type SftOptions,
  type TrainingTask,
} from '@selfjudge/training';
import { PRINCIPLES } from './facts.js';
import { drawPrompts, type WorldPrompt } from './prompts.js';
import { writeAnswer } from './writer.js';

/** A Llama of 0.2M parameters: small enough to train from nothing in about a minute on two cores. */
export const worldModelConfig = (tokenizer: Tokenizer): ModelConfig => ({
  hiddenSize: 64,
  intermediateSize: 192,
  layers: 4,
  heads: 4,
  kvHeads: 4,
  headDim: 16,
  vocabSize: tokenizer.vocabSize,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxPositions: 256,
  tieWordEmbeddings: true,
  bosTokenId: tokenizer.bos,
  eosTokenIds: tokenizer.eos,
  padTokenId: tokenizer.pad,
});

export interface BaseOptions {
  steps: number;
  learningRate: number;
  seed: number;
}

/** Documents a step: answers, good and bad, and judge-shaped texts whose verdicts are random. */
const ANSWERS = 40;
const JUDGEMENTS = 24;

/**
 * Stage 0 in place of a pretrained model: next-token loss on unlabelled text of the training prompts. The base has seen
 * every word and both shapes of document, but nobody has told it which answers are good.
 */
export function baseTask(
  model: LlamaModel,
  tokenizer: Tokenizer,
  template: JudgeTemplate,
  prompts: readonly WorldPrompt[],
  { steps, learningRate, seed }: BaseOptions,
): TrainingTask {
  const options: SftOptions = {
    ...sftDefaults,
    ...WORLD_OPTIMIZER,
    learningRate,
    lrSchedulerType: 'cosine',
    minLrRatio: 0.1,
    warmupSteps: 20,
    maxSteps: steps,
    trainBatchSize: 1,
    seed,
  };
  // The corpus is endless: every step writes its own documents, so the one example only stands for the data set.
  const task = sftTask(fullTrainable(model), [sftExample(whole([0, 0]), 'base')], options);
  const { trainable, optimizer } = task;
  const loss = { lossNormalization: 'token' as const, judgeWeight: 1, rationaleWeight: 1 };
  return {
    ...task,
    step(at) {
      const documents = writeDocuments(tokenizer, template, prompts, new Random(seed, at.step));
      const examples = documents.map((sequence, i) => sftExample(sequence, `base:${at.step}:${i}`));
      return supervisedStep(examples, { trainable, optimizer, loss, options }, at);
    },
  };
}

function writeDocuments(
  tokenizer: Tokenizer,
  template: JudgeTemplate,
  prompts: readonly WorldPrompt[],
  random: Random,
): TreeSequence[] {
  const documents: TreeSequence[] = [];
  for (const prompt of drawPrompts(prompts, random, ANSWERS)) {
    const answer = completionIds(tokenizer, writeAnswer(prompt, random), { eos: true });
    documents.push(whole([...promptIds(tokenizer, prompt.text), ...answer]));
  }
  for (const prompt of drawPrompts(prompts, random, JUDGEMENTS)) {
    const pair = { prompt: prompt.text, chosen: writeAnswer(prompt, random), rejected: writeAnswer(prompt, random) };
    // One question a document; the label is as good as random, since nobody compared the two answers.
    const labels = { [random.choice(PRINCIPLES)]: 'chosen' as const, overall: 'chosen' as const };
    const { sequences } = judgeSequences({ ...pair, labels }, template, tokenizer);
    documents.push(whole(Array.from(random.choice(sequences).tokens)));
  }
  return documents;
}

/** AdamW as the small world wants it. */
export const WORLD_OPTIMIZER = { adamBeta2: 0.98, weightDecay: 0.01, maxGradNorm: 1, tokenBudget: 8192, saveSteps: 0 };

const whole = (tokens: number[]): TreeSequence => ({ tokens, targets: [[1, tokens.length]] });
