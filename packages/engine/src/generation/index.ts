export { samplingFlops, samplingShape, type SamplingShape } from './shape.js';
export { answerText, assertFinished, generate, type Sample } from './generate.js';
export { sampleAnswers, type SampledAnswer } from './sampleAnswers.js';
export type { GenerateOptions, GenerationProgress, SampledToken, SamplingOptions } from './options.js';
