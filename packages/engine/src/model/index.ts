export { Adapter } from './adapter.js';
export type { AdaptedModule, AdapterConfig } from './adapterConfig.js';
export { LINEARS, type LinearName, type ModelConfig } from './config.js';
export { backwardFlops, forwardFlops, keyFlops, type ModelShape } from './flops.js';
export {
  forwardRows,
  type AdaptedLinears,
  type DropoutKey,
  type LayerOptions,
  type Rows,
} from './forward.js';
export { readGguf, type GgufFile, type GgufTensor, type GgufValue } from './files/gguf.js';
export { writeGguf, type GgufTensorToWrite, type GgufWrittenType } from './files/writeGguf.js';
export type { GgufEntry } from './files/ggufValues.js';
export { Safetensors, type HostTensor, type SafetensorsTensor } from './files/safetensors.js';
export { writeSafetensors, type TensorToWrite } from './files/writeSafetensors.js';
export { Model, type LoadOptions } from './model.js';
export {
  loadModelWithAdapter,
  type LoadedModel,
  type LoadWithAdapterOptions,
} from './loadModelWithAdapter.js';
export { mergeAdapters } from './merge.js';
export { ParameterSet, type ParameterEntry } from './parameterSet.js';
export { findModel, type FoundModel } from './paths.js';
export { RewardModel } from './rewardModel.js';
export type { RopeScaling } from './rope.js';
export { ScoreHead } from './scoreHead.js';
export { ModelView, type ForwardOptions } from './view.js';
export type { ModelWeights } from './weights.js';
