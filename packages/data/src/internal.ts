// What the workspace's packages use: functions that do not check their arguments.
export {
  toAnswerPair,
  toJudgedPair,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from './convert.js';
export { DATA_FILE_NAME, dataFileParts, readDataFile } from './dataFile.js';
export {
  judgedPairsIn,
  loadJudgedPairs,
  loadLabelled,
  loadPreferences,
  loadPrompts,
  loadSftExamples,
} from './load.js';
export { loadMapping } from './mapping.js';
export { chosenRows, type Choice, type FileRow, type Place } from './chosenRows.js';
export { Claims } from './prepare/claims.js';
export { changedNote, LINEAGE, preparedAmong, type Lineage, type LineageInput } from './prepare/lineage.js';
export { prepareFolder, type NamedFile, type Preparing } from './prepare/prepareFolder.js';
export { CONFLICTS, REMOVED, type PrepareHooks, type PrepareOptions } from './prepare/prepareOptions.js';
export { readAny, type RowKind, type Said } from './said.js';
export { SHAPE_NAMES, shapeOf } from './shapes.js';
export { describeIssues, describeProblems, refusable } from './problem.js';
export { promptOfExample, sftContentOf, sftExampleOf } from './rows.js';
export { firstUserTurn, splitOf } from './split.js';
export { promptColumns, templateColumnsOf } from './templateColumns.js';
export { argumentsOf, columnOf, isStandard, messagesOf } from './text.js';
export {
  answeredIds,
  completionIds,
  preferenceSequences,
  promptAndAnswers,
  promptIds,
  sftSequence,
  sftSequences,
} from './tokenise.js';
export { parseTranscript } from './transcript.js';
export { linesWhere } from './where.js';
export { parseYaml } from './yaml.js';
