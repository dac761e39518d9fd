import { METHODS, type MethodName } from '@selfjudge/training';
import { z } from 'zod';
import { answerFields, dataFields, judgeFields, templateFields } from './fields.js';
import { JUDGE_VERBS } from './judgeVerbs.js';
import { bytesIn, FORMATS, MERGE_DTYPES, QUANTIZATIONS } from './mergeOptions.js';
import { input, path } from './paths.js';
import { schemaOf, type ValuesOf } from './schemas.js';
import { grouped, modelNameOrPath, ofRows, opened, placed, sampling, saveSteps, seed } from './verbParts.js';

const methodNames = Object.keys(METHODS) as MethodName[];
const { maxLength, trainOn } = METHODS.sft.fields;
const { maxPromptLength, beta } = METHODS['self-train'].fields;
const { referenceWeight } = METHODS['self-train'].fields;
const tournamentJudge = {
  judge: judgeFields.judge.describe(
    'who compares the answers of best_of: self, start (what it was trained from), a model that judges, a reward model, a file of judgments, or a YAML file of several judges (default: self)',
  ),
  referenceWeight: schemaOf(referenceWeight).describe(
    "of best_of: how much the log-probability of an answer under the start counts beside the judge's log-odds; 0 for not at all",
  ),
  start: input
    .optional()
    .describe('what the model was trained from (default: as its run says; of no run, the model itself)'),
};
const { topK: _, ...evaluated } = sampling;

/** Every verb that uses a model without training it, by name. */
export const MODEL_VERBS = {
  ...JUDGE_VERBS,
  generate: grouped(
    {
      ...opened,
      ...ofRows,
      ...answerFields,
      ...tournamentJudge,
      ...templateFields,
      ...sampling,
      seed: seed.describe('keys the samples and the draw of the tournament'),
    },
    { modelNameOrPath: 'Model', datasetShape: 'Rows', count: 'Answers' },
    {
      count: 1,
      bestOf: 1,
      referenceWeight: 0,
      maxNewTokens: 256,
      temperature: 1,
      topP: 0.9,
      topK: 0,
      seed: 0,
    },
  ),
  chat: grouped(
    {
      ...opened,
      system: z.string().optional().describe('what the model is told before the conversation'),
      bestOf: answerFields.bestOf,
      ...tournamentJudge,
      ...templateFields,
      ...sampling,
      seed: seed.describe('keys the first answer; each further one has the next seed'),
    },
    { modelNameOrPath: 'Model', system: 'Conversation', bestOf: 'Answers' },
    { bestOf: 1, referenceWeight: 0, maxNewTokens: 256, temperature: 1, topP: 0.9, topK: 0, seed: 0 },
  ),
  score: grouped(
    {
      ...opened,
      ...ofRows,
      reward: z.boolean().describe('the number that a reward model gives, in place of log-probabilities'),
    },
    { modelNameOrPath: 'Model', datasetShape: 'Rows', reward: 'Scores' },
    { reward: false },
  ),
  inspect: grouped(
    {
      modelNameOrPath,
      adapter: opened.adapter,
      chatTemplate: opened.chatTemplate,
      chatTemplateKwargs: opened.chatTemplateKwargs,
      chatTemplateDate: opened.chatTemplateDate,
      as: z
        .enum(['auto', ...methodNames, 'judge'])
        .describe('the verb whose examples are shown; auto goes by the columns'),
      datasetSplit: dataFields.datasetSplit,
      ...ofRows,
      rows: schemaOf(saveSteps).describe('rows shown, from the first; all are counted'),
      row: answerFields.count.optional().describe('the row shown instead, by its line in the file'),
      maxLength: schemaOf(maxLength)
        .optional()
        .describe('tokens of prompt and answer at most (default: that of the verb)'),
      maxPromptLength: schemaOf(maxPromptLength)
        .optional()
        .describe('tokens of a prompt to self-train at most (default: that of the verb)'),
      trainOn: schemaOf(trainOn).optional().describe('as sft takes it; left out: last'),
      judgeTemplate: templateFields.judgeTemplate
        .optional()
        .describe('a shipped template, a file, or auto (default: that of the verb)'),
    },
    { modelNameOrPath: 'Model', as: 'Rows', maxLength: 'Limits' },
    { as: 'auto', datasetSplit: 'all', rows: 3, judgeTemplate: undefined },
  ),
  merge: grouped(
    {
      modelNameOrPath,
      adapter: opened.adapter,
      device: placed.device,
      outputDir: path.describe('a new folder, which is there whole or not at all'),
      overwriteOutputDir: z.boolean().describe('replace a folder that an earlier merge wrote'),
      format: z
        .enum(FORMATS)
        .describe('a folder that transformers opens, or a GGUF file with a Modelfile for Ollama'),
      dtype: z
        .enum(MERGE_DTYPES)
        .describe('of safetensors: what weights are rounded to, once; auto: as the base is stored'),
      maxShardSize: z
        .string()
        .refine((size) => bytesIn(size) !== undefined)
        .optional()
        .describe('of safetensors: bytes of a file at most, as 5GB or 200MiB (default: 5GB)'),
      quantization: z
        .enum(QUANTIZATIONS)
        .optional()
        .describe('of GGUF: what matrices are stored as; left out: F16, of an adapter alone F32'),
      adapterOnly: z.boolean().describe('of GGUF: the adapter alone, to be put on a GGUF file of its base'),
    },
    { modelNameOrPath: 'Model', outputDir: 'Output' },
    { dtype: 'auto', format: 'safetensors', overwriteOutputDir: false, adapterOnly: false },
  ),
  evaluate: grouped(
    {
      ...opened,
      baseline: input.optional().describe('what it was trained from'),
      outsideJudge: input.optional().describe('a judge it was not trained on'),
      ...templateFields,
      ...dataFields,
      maxLength: schemaOf(maxLength).describe('pairs with more tokens are left out and counted'),
      ...evaluated,
      beta: schemaOf(beta).describe('scale of the implicit reward'),
      seed: seed.describe('keys the answers'),
    },
    { modelNameOrPath: 'Model', datasetName: 'Data', maxNewTokens: 'Answers' },
    {
      datasetSplit: 'test',
      datasetLimit: 0,
      maxLength: 1024,
      maxNewTokens: 128,
      temperature: 1,
      topP: 0.9,
      beta: 0.1,
      seed: 0,
    },
  ),
};

export type ModelVerb = keyof typeof MODEL_VERBS;

/** What a verb that uses a model is asked for, by the API's names. */
export type VerbOptions<V extends ModelVerb> = ValuesOf<(typeof MODEL_VERBS)[V]['options']>;
