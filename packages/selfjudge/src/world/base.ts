import { fileURLToPath } from 'node:url';
import { Model, type Device, type ModelConfig } from '@selfjudge/engine';
import { Random } from '@selfjudge/base';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import {
  sftDefaults,
  type LabelKind,
  type SftOptions,
  type SupervisedExample,
  type TrainingTask,
} from '@selfjudge/training';
import { fullTrainable, sftExample, sftTask, supervisedStep } from '@selfjudge/training/internal';
import { Corpus } from './corpus.js';
import { runPhase, type PhaseHooks, type Trained } from './phase.js';
import { corpusPrompts, type WorldPrompt } from './prompts.js';
import { spelledWords, spelling } from './spelling.js';

/** The folder of the trained base, which comes with the package. */
export const WORLD_BASE = fileURLToPath(new URL('../../assets/world-base', import.meta.url));

/** Llamas by their parameters. Six layers: what is compared of two answers is gathered before it is compared. */
export const WORLD_SIZES = {
  '0.2M': { hiddenSize: 48, intermediateSize: 144, layers: 6, heads: 3, kvHeads: 3 },
  '0.7M': { hiddenSize: 96, intermediateSize: 256, layers: 6, heads: 6, kvHeads: 6 },
  '3M': { hiddenSize: 192, intermediateSize: 512, layers: 6, heads: 12, kvHeads: 12 },
} satisfies Record<string, Partial<ModelConfig>>;
export type WorldSize = keyof typeof WORLD_SIZES;
/** Of the base that comes with the package. */
export const SHIPPED_SIZE: WorldSize = '0.7M';

const worldModelConfig = (tokenizer: Tokenizer, size: WorldSize): ModelConfig => ({
  ...WORLD_SIZES[size],
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
 * The untrained model. Its embeddings know how words are spelt ({@link spelling}). Its matrices keep the variance of what passes through them (1 / fan-in, half of that deviation
 * for those that write to the residual stream), as 0.02 everywhere is made for models fifty times as wide: copying a
 * word from the prompt, on which most answers hang, is learnt sooner.
 */
async function initialModel(
  tokenizer: Tokenizer,
  device: Device,
  { size, seed }: { size: WorldSize; seed: number },
): Promise<Model> {
  const config = worldModelConfig(tokenizer, size);
  const model = Model.init(config, { device, dtype: 'float32', seed, tokenizer });
  const parameters = model.makeTrainable();
  const values = await parameters.read();
  for (const { name, offset, shape } of parameters.entries) {
    if (name.endsWith('embed_tokens.weight')) addSpelling(values.subarray(offset), shape[1], tokenizer, seed);
    if (!name.endsWith('_proj.weight')) continue;
    const [rows, fanIn] = shape;
    const deviation = (/(o|down)_proj/.test(name) ? 0.5 : 1) / Math.sqrt(fanIn);
    for (let i = offset; i < offset + rows * fanIn; i++) values[i] *= deviation / INIT_DEVIATION;
  }
  for (const { name, offset, shape } of parameters.entries) {
    if (!name.endsWith('q_proj.weight')) continue;
    const keys = parameters.entries.find((entry) => entry.name === name.replace('q_proj', 'k_proj'))!;
    for (let i = 0; i < shape[0] * shape[1]; i++)
      values[keys.offset + i] = (values[keys.offset + i] + values[offset + i]) * Math.SQRT1_2;
  }
  parameters.load(values);
  return model;
}

/** Of the weights of Model.init. */
const INIT_DEVIATION = 0.02;

/** Adds to each row what its token is spelt like, as strong as the row is itself: a random direction a feature. */
function addSpelling(rows: Float32Array, hidden: number, tokenizer: Tokenizer, seed: number): void {
  const random = new Random(seed, 105);
  const directions = new Map<string, Float32Array>();
  const directionOf = (feature: string) => {
    if (!directions.has(feature))
      directions.set(
        feature,
        Float32Array.from({ length: hidden }, () => INIT_DEVIATION * random.normal()),
      );
    return directions.get(feature)!;
  };
  for (const word of spelledWords()) {
    const [token] = tokenizer.encode(` ${word}`);
    for (const [feature, strength] of spelling(word)) {
      const direction = directionOf(feature);
      for (let i = 0; i < hidden; i++) rows[token * hidden + i] += strength * direction[i];
    }
  }
}

/** AdamW as the small world wants it. */
export const WORLD_OPTIMIZER = { adamBeta2: 0.98, weightDecay: 0.01, maxGradNorm: 1, tokenBudget: 8192 };

const baseOptions = (steps: number, seed: number): SftOptions => ({
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

const [STEPS, SEED] = [6000, 1];

/** Trains the base of a size in the run folder `parent`/base, or opens it when it is complete. */
export async function trainWorldBase(
  parent: string,
  { size, tokenizer, device }: { size: WorldSize; tokenizer: Tokenizer; device: Device },
  hooks: PhaseHooks,
): Promise<Trained> {
  const settings = baseOptions(STEPS, SEED);
  const build = async () => {
    const model = await initialModel(tokenizer, device, { size, seed: SEED });
    return { model, task: baseTask(model, tokenizer, corpusPrompts(), settings) };
  };
  const load = (path: string) => Model.load(path, { device, dtype: 'float32' });
  return runPhase({ name: 'base', parent, settings: { ...settings, size }, build, load }, hooks);
}

/** Documents a step: answers, good and bad, and pairs of answers that are proofread and reviewed. */
const ANSWERS = 24;
const PAIRS = 24;

/**
 * Stage 0 in place of a pretrained model: next-token loss on unlabelled text. The base has read what people write, right and
 * wrong; it has read them count, sort and check; and reviews that say of two answers which has a thing right: the count, the
 * order, the total. Nobody has told it which answer is better.
 */
function baseTask(
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly WorldPrompt[],
  options: SftOptions,
): TrainingTask {
  // The corpus is endless: every step writes its own documents, so the one example only stands for the data set.
  const task = sftTask(fullTrainable(model), [sftExample(whole([0, 0]), 'base')], options);
  const { trainable, optimizer } = task;
  const loss = { lossNormalization: 'task' as const, sftWeight: 1, judgeWeight: 1, rationaleWeight: 1 };
  return {
    ...task,
    step(at) {
      const random = new Random(options.seed, at.step);
      const corpus = new Corpus(tokenizer, prompts, random);
      const examples: SupervisedExample[] = [];
      const add = (sequences: TreeSequence[], kinds: LabelKind[]) =>
        examples.push({
          id: `base:${at.step}:${examples.length}`,
          sequences,
          kinds: sequences.map(() => kinds),
        });
      for (let i = 0; i < ANSWERS; i++) add([corpus.answer()], ['sft']);
      for (let i = 0; i < PAIRS; i++) {
        const { prompt, answers } = corpus.pair();
        add(corpus.review(prompt, answers), ['verdict', 'rationale']);
        add(corpus.overview(prompt, answers), ['verdict']);
        add(corpus.proofread(prompt, answers), ['rationale']);
      }
      return supervisedStep(examples, { trainable, optimizer, loss, options }, at);
    },
  };
}

const whole = (tokens: number[]): TreeSequence => ({ tokens, targets: [[1, tokens.length]] });
