// What arXiv 2402.11253 trains with, value by value. The paper's code is its public repository (oddqueue/self-judge at
// c9ebcb6); where it leaves a value alone, that is its library's: transformers 4.41.0, peft. Meant for 7B models on eight
// GPUs; small runs hardly move with them.

/** Where a value of a preset is from: written in the paper's code, a default of its library, or worked out from both. */
export type ValueSource = 'code' | 'library' | 'derived';

/** A value of a preset and where it is from. */
export interface Sourced<T> {
  value: T;
  from: ValueSource;
  note?: string;
}

type Values<S> = { -readonly [K in keyof S]: S[K] extends Sourced<infer T> ? T : never };

const code = <const T>(value: T, note?: string): Sourced<T> => ({ value, from: 'code', note });
const library = <const T>(value: T, note?: string): Sourced<T> => ({ value, from: 'library', note });
const derived = <const T>(value: T, note: string): Sourced<T> => ({ value, from: 'derived', note });

/** The values of a preset alone. */
export const valuesIn = <S extends Readonly<Record<string, Sourced<unknown>>>>(sourced: S): Values<S> =>
  Object.fromEntries(Object.entries(sourced).map(([key, { value }]) => [key, value])) as Values<S>;

const optimizer = {
  adamBeta1: library(0.9),
  adamBeta2: library(0.999),
  weightDecay: library(0),
  maxGradNorm: code(1),
  seed: code(42),
};

const supervised = {
  ...optimizer,
  learningRate: code(2e-5),
  lrSchedulerType: code('cosine'),
  warmupRatio: code(0.03),
  numTrainEpochs: code(1),
  maxLength: code(2048, 'the code cuts on the left, where this leaves out judge rows and shortens answers'),
  trainOn: code('all'),
};

/** Supervised fine-tuning of the same code: 16 rows on each of 8 devices. */
export const paperSft = { ...supervised, trainBatchSize: code(128) };

const jsft = {
  ...supervised,
  lossNormalization: code(
    'token',
    'the mean over a step, where the code takes it over 16 rows and then over 8 devices',
  ),
  rationaleEos: code(false),
};
const ROWS =
  '128 rows a step; a source row gives 1 answer and 2 judge rows (one question, both orders): 42.7 of each';
const ROWS_OF_FOUR =
  '128 rows a step; a source row gives 1 answer and 8 judge rows (four principles, both orders): 14.2 of each';

/** JSFT on HH-RLHF (hh_jsft) and on UltraFeedback with one question (uf_jsft). */
export const paperJsft = {
  ...jsft,
  trainBatchSize: derived(43, ROWS),
  judgeBatchSize: derived(43, ROWS),
};

/** JSFT on UltraFeedback with four principles and rationales (uf_jsft_pr). */
export const paperJsftPrinciples = {
  ...jsft,
  trainBatchSize: derived(14, ROWS_OF_FOUR),
  judgeBatchSize: derived(14, ROWS_OF_FOUR),
};

/** Self-training by self-judgment, the same on both data sets. */
export const paperSelfTraining = {
  ...optimizer,
  learningRate: code(5e-6),
  lrSchedulerType: code('constant_with_warmup'),
  warmupRatio: code(0.1),
  numTrainEpochs: code(3),
  trainBatchSize: code(64, '8 prompts on each of 8 devices'),
  maxPromptLength: derived(
    1280,
    'prompt and answer are 2,048 tokens at most; the code cuts longer prompts on the right',
  ),
  maxNewTokens: code(768),
  temperature: code(1),
  topP: code(0.9),
  topK: library(50),
  lossType: code('sigmoid'),
  beta: code(0.1),
  missingEos: code(
    'keep',
    'the code gives a cut answer an end token, where this trains on it as it was sampled',
  ),
  ties: code('second'),
};
