export type { DType, Layout } from './dtype.js';
export { Device, type DeviceCounters, type DeviceKind, type DeviceMemory, type Work } from './device.js';
export { Tensor } from './tensor.js';
export { tidy } from './scope.js';
export { Tape } from './tape.js';
export { Program } from './program.js';
export { Weight } from './weight.js';
export { Vector, type LinearAdapter, type Vector2 } from './vector.js';
export { TreeBatch, type TreeHidden, type TreeLabels } from './treeBatch.js';
export { DeviceTree } from './deviceTree.js';
export {
  plan,
  RowCounter,
  treeShape,
  type PlannedTree,
  type SequenceGroup,
  type TreeShape,
} from './planner.js';
export { adamw, type AdamwOptions, type AdamwState } from './ops/adamw.js';
export { add } from './ops/add.js';
export { addInPlace } from './ops/addInPlace.js';
export { cast } from './ops/cast.js';
export { clone, copyTo } from './ops/copy.js';
export { embedding } from './ops/embedding.js';
export { feedTokens } from './ops/feedTokens.js';
export { fill } from './ops/fill.js';
export { globalNorm } from './ops/globalNorm.js';
export { kvCopy } from './ops/kvCopy.js';
export { kvWrite, type Angles } from './ops/kvWrite.js';
export { linearGroup, type LinearPart } from './ops/linearGroup.js';
export { linear, type LinearOptions } from './ops/linear.js';
export { linearLogprob } from './ops/linearLogprob.js';
export { linearSample, type LinearSampleOptions, type LinearSampleResult } from './ops/linearSample.js';
export { reshape } from './ops/reshape.js';
export { rmsNorm, type RmsNormOptions } from './ops/rmsNorm.js';
export { rope } from './ops/rope.js';
export { gatherRows, scatterRows } from './ops/rows.js';
export { scale } from './ops/scale.js';
export { ACTIVATIONS, swiglu, type Activation } from './ops/swiglu.js';
export { treeAttention } from './ops/treeAttention.js';
export { treeAttentionPool, type PoolReads } from './ops/treeAttentionPool.js';
