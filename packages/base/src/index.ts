export * from './errors.js';
export { atomicWrite, mean, nearest, writeJson } from './face.js';
export { atomicWriteSync, makeFolder } from './files/atomicWrite.js';
export { PendingFile, syncPath } from './files/pendingFile.js';
export { readJson, readJsonObject } from './files/readJson.js';
export { Random } from './random.js';
export { shellWord } from './shellWord.js';
