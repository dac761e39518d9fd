// What the workspace's packages use of this one beyond its face.
export { ByteReader, readExactly, withFile } from './files/byteReader.js';
export { checkpointName, checkpointSteps, RUN_LAYOUT } from './files/runLayout.js';
