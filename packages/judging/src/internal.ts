// What the workspace's packages use: functions that do not check their arguments.
export { bestOf } from './bestOf.js';
export { verdictsOn } from './checks.js';
export { contextText } from './context.js';
export { judgeSequences } from './examples.js';
export { judgeBehaviour } from './metrics.js';
export { formatJudgeTemplate, loadJudgeTemplate } from './template.js';
export { tournament } from './tournament.js';
export { verdictOf, voteOf } from './verdict.js';
