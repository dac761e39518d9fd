export * from './errors.js';
export { atomicWrite, atomicWriteSync, makeFolder, writeJson } from './files/atomicWrite.js';
export { PendingFile, syncPath } from './files/pendingFile.js';
export { readJson, readJsonObject } from './files/readJson.js';
export { mean } from './mean.js';
export { nearest } from './nearest.js';
export { Random } from './random.js';
export { shellWord } from './shellWord.js';
