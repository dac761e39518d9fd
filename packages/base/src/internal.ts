// What the workspace's packages use: functions that do not check their arguments, and more than the face shows.
export { atomicWrite, writeJson } from './files/atomicWrite.js';
export { ByteReader, readExactly, withFile } from './files/byteReader.js';
export { refuseLfsPointer } from './files/lfsPointer.js';
export { checkpointName, checkpointSteps, RUN_LAYOUT } from './files/runLayout.js';
export { mean } from './mean.js';
export { nearest } from './nearest.js';
