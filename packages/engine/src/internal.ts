// What the workspace's packages use of this one beyond its face.
export { BLOCK, KvPool, blocksFor, readsOf } from './generation/kvPool.js';
export { moduleNumber } from './model/adapter.js';
export { adapterConfigToPeft } from './model/adapterConfig.js';
export { adapterBase } from './model/adapterFiles.js';
export { linearPath, linearShape, parameterSpecs } from './model/config.js';
export { configFromHf, configToHf } from './model/hfConfig.js';
export { ropeRows } from './model/rope.js';
export { type ModelSource, folderSource, ggufSource } from './model/source.js';
export { enqueue } from './tensor/enqueue.js';
export { cpuInfo } from '@selfjudge/native';
