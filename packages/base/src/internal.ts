// What the workspace's packages use: functions that do not check their arguments, and more than the face shows.
export { atomicWrite, writeJson } from './files/atomicWrite.js';
export { ByteReader, readExactly, withFile } from './files/byteReader.js';
export { hashOfFile, wholeLines } from './files/fileLines.js';
export { refuseLfsPointer } from './files/lfsPointer.js';
export { isLocked, ProcessLock, type LockHolder } from './files/processLock.js';
export { checkpointName, checkpointSteps, RUN_LAYOUT } from './files/runLayout.js';
export { expandHome, isSame, isStandardInput, standardInput } from './files/userPath.js';
export { fileNameFault } from './hub/fileName.js';
export {
  cachedCommit,
  cachedPath,
  COMMIT,
  hubCache,
  hubHome,
  hubNameOf,
  MAIN,
  repositoryFolder,
  repositoryName,
  shownPath,
  snapshotFolder,
} from './hub/hubCache.js';
export { formatHubName, parseHubName, revisionFault, type HubName } from './hub/hubName.js';
export { mean } from './mean.js';
export { nearest } from './nearest.js';
