// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  checked,
  checkedAsync,
  flag,
  kind,
  limit,
  list,
  number,
  object,
  oneOf,
  optional,
  options,
  path,
  text,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { messages, prompt, templateArguments, tokenizer } from '@selfjudge/text/checks';
import * as convert from './convert.js';
import * as dataFile from './dataFile.js';
import * as load from './load.js';
import * as mappings from './mapping.js';
import * as problems from './problem.js';
import * as rows from './rows.js';
import { SHAPE_NAMES } from './shapes.js';
import * as splits from './split.js';
import * as texts from './text.js';
import * as tokenise from './tokenise.js';
import * as transcripts from './transcript.js';
import * as yaml from './yaml.js';

// What is in a row is data: what is wrong there is an outcome, not an error.
const row = object({});
const promptFormat = optional(oneOf('standard', 'chat'));
const convertOptions = optional(options({ promptFormat }));
const ofRow = { row, id: text, options: convertOptions };
export const toPreferencePair = checked('toPreferencePair', ofRow, convert.toPreferencePair);
export const toSftExample = checked('toSftExample', ofRow, convert.toSftExample);
export const toLabelledRow = checked('toLabelledRow', ofRow, convert.toLabelledRow);
export const toPromptRow = checked('toPromptRow', ofRow, convert.toPromptRow);
export const toJudgedPair = checked('toJudgedPair', ofRow, convert.toJudgedPair);
export const toAnswerPair = checked('toAnswerPair', { row, options: convertOptions }, convert.toAnswerPair);

const names: readonly unknown[] = [undefined, 'auto', ...SHAPE_NAMES];
const shape = kind(
  `'auto', ${SHAPE_NAMES.map((name) => `'${name}'`).join(', ')}, or a mapping of columns`,
  (value) => names.includes(value) || (typeof value === 'object' && mappings.isMapping(value)),
);
const fractions = object(Object.fromEntries(splits.SPLITS.map((split) => [split, number()])));
const ofFile = {
  path,
  options: optional(
    options({
      split: optional(oneOf(...splits.SPLITS)),
      fractions: optional(fractions),
      limit: optional(limit),
      promptFormat,
      shape,
    }),
  ),
};
export const readDataFile = checkedAsync(
  'readDataFile',
  { path, options: optional(options({ shape })) },
  dataFile.readDataFile,
);
export const loadPreferences = checkedAsync('loadPreferences', ofFile, load.loadPreferences);
export const loadSftExamples = checkedAsync('loadSftExamples', ofFile, load.loadSftExamples);
export const loadLabelled = checkedAsync('loadLabelled', ofFile, load.loadLabelled);
export const loadPrompts = checkedAsync('loadPrompts', ofFile, load.loadPrompts);
export const loadJudgedPairs = checkedAsync('loadJudgedPairs', ofFile, load.loadJudgedPairs);

const problem = { code: text, reason: text };
export const describeProblems = checked(
  'describeProblems',
  { problems: list(object({ ...problem, place: text })) },
  problems.describeProblems,
);
export const describeIssues = checked(
  'describeIssues',
  { issues: list(object({ ...problem, file: text, line: whole(0) })) },
  problems.describeIssues,
);

export const loadMapping = checked('loadMapping', { path }, mappings.loadMapping);

export const sftExampleOf = checked(
  'sftExampleOf',
  { pair: object({ id: text, prompt, chosen: text }) },
  rows.sftExampleOf,
);
export const splitOf = checked('splitOf', { prompt, fractions: optional(fractions) }, splits.splitOf);
export const firstUserTurn = checked('firstUserTurn', { prompt }, splits.firstUserTurn);
export const messagesOf = checked('messagesOf', { prompt }, texts.messagesOf);
export const parseTranscript = checked('parseTranscript', { text }, transcripts.parseTranscript);
export const parseYaml = checked('parseYaml', { text }, yaml.parseYaml);

const maxLength = optional(limit);
const ofMessages = object({ messages, templateArguments: optional(templateArguments) });
const ofText = object({ prompt: object({ text }), completion: text });
const isExample: Check = (value, what, where) => {
  object({})(value, what, where);
  ('prompt' in (value as object) ? ofText : ofMessages)(value, what, where);
};
export const promptIds = checked('promptIds', { tokenizer, prompt }, tokenise.promptIds);
export const answeredIds = checked('answeredIds', { tokenizer, prompt, answer: text }, tokenise.answeredIds);
export const completionIds = checked(
  'completionIds',
  { tokenizer, text, options: options({ eos: flag }) },
  tokenise.completionIds,
);
export const sftSequence = checked(
  'sftSequence',
  {
    tokenizer,
    example: isExample,
    options: optional(options({ maxLength, trainOn: optional(oneOf('last', 'all')) })),
  },
  tokenise.sftSequence,
);
export const preferenceSequences = checked(
  'preferenceSequences',
  {
    tokenizer,
    pair: object({ prompt, chosen: text, rejected: text }),
    options: optional(options({ maxLength })),
  },
  tokenise.preferenceSequences,
);
