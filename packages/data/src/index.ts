export type { ConvertOptions, Row } from './convert.js';
export {
  answeredIds,
  completionIds,
  describeIssues,
  describeProblems,
  firstUserTurn,
  loadJudgedPairs,
  loadLabelled,
  loadMapping,
  loadPreferences,
  loadPrompts,
  loadSftExamples,
  messagesOf,
  parseTranscript,
  parseYaml,
  preferenceSequences,
  promptIds,
  readDataFile,
  sftExampleOf,
  sftSequence,
  splitOf,
  toAnswerPair,
  toJudgedPair,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from './face.js';
export type { DataFile, Line } from './rowReader.js';
export type { Labels, Rationale, Rationales } from './labels.js';
export type { Dataset, LoadRowsOptions } from './load.js';
export { parseMapping, type Mapping } from './mapping.js';
export type { Issue, Outcome, Problem, ProblemCode } from './problem.js';
export type {
  AnswerPair,
  JudgedPair,
  LabelledRow,
  PreferencePair,
  PromptRow,
  SftContent,
  SftExample,
} from './rows.js';
export type { RowShape } from './shaper.js';
export { SHAPE_NAMES, type ShapeName } from './shapes.js';
export { DEFAULT_FRACTIONS } from './split.js';
export type { Split, SplitFractions } from './split.js';
export type { Conversation, PromptFormat, StandardText, Text } from './text.js';
export type { LengthLimit, TokenisedExample } from './tokenise.js';
export type { Message, Role } from '@selfjudge/text';
