export * from './generation/index.js';
export * from './model/index.js';
export { scoreSequences } from './face/generation.js';
export * from './tensor/index.js';

// Exports by name go before those of the same name above: users get the functions that check their arguments.
export { answerText, assertFinished, generate, sampleAnswers } from './face/generation.js';
export {
  findModel,
  forwardRows,
  loadModelWithAdapter,
  mergeAdapters,
  readGguf,
  writeGguf,
  writeSafetensors,
} from './face/model.js';
export {
  adamw,
  cast,
  clone,
  kvWrite,
  linear,
  linearGroup,
  linearSample,
  plan,
  reshape,
  rmsNorm,
  tidy,
  treeAttentionPool,
} from './face/tensor.js';
