export { bestOf, type BestOf, type BestOfOptions } from './bestOf.js';
export { contextText } from './context.js';
export { judgeSequences, type JudgeSequences, type LabelledPair } from './examples.js';
export { JudgeFormat, OVERALL, type VerdictTokens } from './format.js';
export { Judge, type CompareOptions } from './judge.js';
export { judgeBehaviour, type JudgeBehaviour } from './metrics.js';
export type { JudgePair, Order } from './pair.js';
export {
  formatJudgeTemplate,
  loadJudgeTemplate,
  parseJudgeTemplate,
  shippedTemplates,
  type JudgePrinciple,
  type JudgeTemplate,
} from './template.js';
export { tournament, type Match, type Round, type Tournament } from './tournament.js';
export { verdictOf, voteOf, type JudgedOrder, type Verdict, type Vote } from './verdict.js';
