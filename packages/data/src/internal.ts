// What the workspace's packages use: functions that do not check their arguments.
export { toAnswerPair, toJudgedPair, toPreferencePair, toPromptRow, toSftExample } from './convert.js';
export { readJsonl } from './jsonl.js';
export { loadJudgedPairs, loadPreferences, loadPrompts, loadSftExamples } from './load.js';
export { describeIssues, describeProblems } from './problem.js';
export { sftExampleOf } from './rows.js';
export { firstUserTurn, splitOf } from './split.js';
export { promptColumns } from './templateColumns.js';
export { argumentsOf, messagesOf } from './text.js';
export { completionIds, preferenceSequences, promptIds, sftSequence } from './tokenise.js';
export { parseTranscript } from './transcript.js';
export { parseYaml } from './yaml.js';
