import { Model, type Device, type ModelConfig } from '@selfjudge/engine';
import { Random } from '@selfjudge/base';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { completionIds, promptIds } from '@selfjudge/data/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import { judgeSequences } from '@selfjudge/judging/internal';
import { sftDefaults, type SftOptions, type TrainingTask } from '@selfjudge/training';
import { fullTrainable, sftExample, sftTask, supervisedStep } from '@selfjudge/training/internal';
import { PRINCIPLES } from './facts.js';
import { drawPrompts, type WorldPrompt } from './prompts.js';
import { worldTemplate } from './templates.js';
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
  maxPositions: 512,
  tieWordEmbeddings: true,
  bosTokenId: tokenizer.bos,
  eosTokenIds: tokenizer.eos,
  padTokenId: tokenizer.pad,
});

/**
 * The untrained model. Its matrices keep the variance of what passes through them (1 / fan-in, half of that deviation
 * for those that write to the residual stream), as 0.02 everywhere is made for models fifty times as wide: copying a
 * word from the prompt, on which most answers hang, is learnt sooner.
 */
export async function initialModel(tokenizer: Tokenizer, device: Device, seed: number): Promise<Model> {
  const model = Model.init(worldModelConfig(tokenizer), { device, dtype: 'float32', seed, tokenizer });
  const parameters = model.makeTrainable();
  const values = await parameters.read();
  for (const { name, offset, shape } of parameters.entries) {
    if (!name.endsWith('_proj.weight')) continue;
    const [rows, fanIn] = shape;
    const deviation = (/(o|down)_proj/.test(name) ? 0.5 : 1) / Math.sqrt(fanIn);
    for (let i = offset; i < offset + rows * fanIn; i++) values[i] *= deviation / INIT_DEVIATION;
  }
  parameters.load(values);
  return model;
}

/** Of the weights of Model.init. */
const INIT_DEVIATION = 0.02;

/** AdamW as the small world wants it. */
export const WORLD_OPTIMIZER = { adamBeta2: 0.98, weightDecay: 0.01, maxGradNorm: 1, tokenBudget: 8192 };

export const baseOptions = (steps: number, seed: number): SftOptions => ({
  ...sftDefaults,
  ...WORLD_OPTIMIZER,
  learningRate: 4e-3,
  lrSchedulerType: 'cosine',
  minLrRatio: 0.1,
  warmupSteps: 20,
  maxSteps: steps,
  trainBatchSize: 1,
  seed,
});

/** Documents a step: answers, good and bad, and judge-shaped texts whose verdicts are random. */
const ANSWERS = 40;
const JUDGEMENTS = 24;

/**
 * Stage 0 in place of a pretrained model: next-token loss on unlabelled text of the training prompts. The base has seen
 * every word and both shapes of document, but nobody has told it which answers are good.
 */
export function baseTask(
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly WorldPrompt[],
  options: SftOptions,
): TrainingTask {
  // The corpus is endless: every step writes its own documents, so the one example only stands for the data set.
  const task = sftTask(fullTrainable(model), [sftExample(whole([0, 0]), 'base')], options);
  const { trainable, optimizer } = task;
  const loss = { lossNormalization: 'token' as const, sftWeight: 1, judgeWeight: 1, rationaleWeight: 1 };
  const templates = { plain: worldTemplate('plain'), principles: worldTemplate('principles') };
  return {
    ...task,
    step(at) {
      const random = new Random(options.seed, at.step);
      const documents = [
        ...writtenAnswers(tokenizer, prompts, random),
        ...writtenJudgements(tokenizer, prompts, random, templates),
      ];
      const examples = documents.map((sequence, i) => sftExample(sequence, `base:${at.step}:${i}`));
      return supervisedStep(examples, { trainable, optimizer, loss, options }, at);
    },
  };
}

function writtenAnswers(
  tokenizer: Tokenizer,
  prompts: readonly WorldPrompt[],
  random: Random,
): TreeSequence[] {
  return drawPrompts(prompts, random, ANSWERS).map((prompt) => {
    const answer = completionIds(tokenizer, writeAnswer(prompt, random), { eos: true });
    return whole([...promptIds(tokenizer, prompt.text), ...answer]);
  });
}

function writtenJudgements(
  tokenizer: Tokenizer,
  prompts: readonly WorldPrompt[],
  random: Random,
  { plain, principles }: Record<'plain' | 'principles', JudgeTemplate>,
): TreeSequence[] {
  return drawPrompts(prompts, random, JUDGEMENTS).map((prompt) => {
    const [chosen, rejected] = [writeAnswer(prompt, random), writeAnswer(prompt, random)];
    const question = random.choice(['overall', ...PRINCIPLES]);
    // Nobody compared the two answers, and the order is random: the verdict is a coin.
    const pair = { prompt: prompt.text, chosen, rejected, labels: { [question]: 'chosen' as const } };
    const { sequences } = judgeSequences(pair, question === 'overall' ? plain : principles, tokenizer);
    return whole(Array.from(random.choice(sequences).tokens));
  });
}

const whole = (tokens: number[]): TreeSequence => ({ tokens, targets: [[1, tokens.length]] });
