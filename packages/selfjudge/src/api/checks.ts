// What the functions of the API take, for callers without TypeScript. Settings of training are not here: the
// configuration looks at those.
import {
  abortSignal,
  callback,
  flag,
  having,
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
import { model, view } from '@selfjudge/engine/checks';
import { isJudge } from '@selfjudge/judging/checks';
import { METHODS } from '@selfjudge/training';
import { bytesIn, FORMATS, MERGE_DTYPES, QUANTIZATIONS } from '../config/index.js';
import { moment, prompt, templateArguments, tokenizer } from '@selfjudge/text/checks';

const hooks = { onProgress: optional(callback), signal: optional(abortSignal) };
/** The judge template, by today's name and by its earlier one. */
const template = {
  judgeTemplate: optional(text),
  judgeReasoning: optional(oneOf('auto', 'drop', 'keep')),
  template: optional(text),
};

export const isOpenModel = having('an opened model', {
  model,
  tokenizer,
  view,
  path: text,
  dispose: callback,
});
export const modelOptions = options({
  device: optional(oneOf('auto', 'cpu', 'cuda')),
  dtype: optional(oneOf('float32', 'bf16')),
  adapter: optional(path),
  chatTemplateKwargs: optional(templateArguments),
  chatTemplateDate: optional(moment),
});
export const answerOptions = options({
  ...hooks,
  judge: optional(isJudge),
  referenceWeight: optional(number({ min: 0 })),
  reference: optional(object({ view, tokenizer })),
  onText: optional(callback),
  maxNewTokens: optional(whole(1)),
  temperature: optional(number({ min: 0 })),
  topP: optional(number({ above: 0, max: 1 })),
  topK: optional(whole(0)),
  seed: optional(whole(0)),
  count: optional(whole(1)),
  bestOf: optional(whole(1)),
  ...template,
});
export const judgeOptions = options({ ...hooks, ...template, tokenBudget: optional(limit) });
export const scoreOptions = options({ ...hooks, tokenBudget: optional(limit) });
export const saveOptions = options({ merge: optional(flag) });
export const mergeOptions = options({
  ...hooks,
  adapter: optional(path),
  device: optional(oneOf('auto', 'cpu', 'cuda')),
  format: optional(oneOf(...FORMATS)),
  dtype: optional(oneOf(...MERGE_DTYPES)),
  quantization: optional(oneOf(...QUANTIZATIONS)),
  adapterOnly: optional(flag),
  maxShardSize: optional(
    kind("a size as '5GB' or '200MiB'", (value) => typeof value === 'string' && bytesIn(value) !== undefined),
  ),
  overwriteOutputDir: optional(flag),
  onPhase: optional(callback),
  onWarning: optional(callback),
});
export const evaluateOptions = options({ ...hooks, ...template, onWarning: optional(callback) });

export const isPairs = list(object({ prompt, a: text, b: text }));
export const isScoreRows = list(object({ prompt, completion: text }));

const isRows = kind(
  'a list of rows, or rows that were loaded from a file',
  (value) => Array.isArray(value) || (typeof value === 'object' && value !== null && 'rows' in value),
);

/** Rows of a loaded file or of one's own. What they say is data: rows that cannot be used are left out. */
function rowsOf(isRow: Check): Check {
  return (value, what, where) => {
    isRows(value, what, where);
    if (Array.isArray(value)) list(isRow)(value, what, where);
    else object({ rows: list(isRow) })(value, what, where);
  };
}

export const isRowSet = rowsOf(object({}));
export const isPromptSet = rowsOf(
  kind(
    'a prompt, or an object that has one',
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  ),
);

const isJudgeOrPath: Check = (value, what, where) => {
  if (typeof value !== 'string') isJudge(value, what, where);
};

const settings = {
  lora: optional(object({})),
  preset: optional(text),
  allowChanged: optional(flag),
  onStep: optional(callback),
  onWarning: optional(callback),
  signal: optional(abortSignal),
  judge: optional(isJudgeOrPath),
  outsideJudge: optional(isJudgeOrPath),
};
/** What the configuration does not look at, of settings for training on `rows`. */
export const trainingSettings = options({
  dataset: isRowSet,
  dev: optional(isRowSet),
  demonstrations: optional(isRowSet),
  ...settings,
});
/** The same of a method that reads prompts. */
export const promptSettings = options({ dataset: isPromptSet, dev: optional(isPromptSet), ...settings });
export const isMethod = oneOf(...Object.keys(METHODS));
export const selfTrainingSettings = options({
  prompts: isPromptSet,
  dev: optional(isPromptSet),
  ...settings,
});
