// What the workspace's packages use: functions that do not check their arguments, and more than the face shows.
export * from './generation/index.js';
export * from './model/index.js';
export { scoreSequences } from './scoring/scoreSequences.js';
export * from './tensor/index.js';
export { BLOCK, KvPool, blocksFor, readsOf } from './generation/kvPool.js';
export { moduleNumber } from './model/adapter.js';
export { adapterConfigToPeft } from './model/adapterConfig.js';
export { adapterBase } from './model/adapterFiles.js';
export { linearPath, linearShape, parameterSpecs } from './model/config.js';
export { configFromHf, configToHf } from './model/hfConfig.js';
export { ropeRows } from './model/rope.js';
export { unpacked } from './model/files/bitsandbytes.js';
export { folderSource } from './model/folderSource.js';
export { ggufSource } from './model/ggufSource.js';
export type { ModelSource } from './model/source.js';
export { enqueue } from './tensor/enqueue.js';
export { cpuInfo } from '@selfjudge/native';
