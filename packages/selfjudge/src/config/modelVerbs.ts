import { METHODS, type MethodName } from '@selfjudge/training';
import { samplingFields } from '@selfjudge/training/internal';
import { z } from 'zod';
import { answerFields, dataFields, judgeFields, modelFields, templateFields } from './fields.js';
import { bytesIn, FORMATS, MERGE_DTYPES, QUANTIZATIONS } from './mergeOptions.js';
import { snakeCase } from './naming.js';
import { input, path } from './paths.js';
import { schemaOf, schemasOf, type Schemas, type ValuesOf } from './schemas.js';
import { verbConfig, type VerbConfig } from './verbs.js';

/**
 * A verb whose help text has these groups.
 * @param titles by the first option of each group
 */
function grouped<S extends Schemas>(
  options: S,
  titles: Partial<Record<keyof S, string>>,
  defaults: Record<string, unknown>,
): VerbConfig<S> {
  const groups: Record<string, string[]> = {};
  let title = '';
  for (const key of Object.keys(options)) {
    title = titles[key] ?? title;
    (groups[title] ??= []).push(snakeCase(key));
  }
  const shared = { dtype: 'bf16', device: 'auto', promptFormat: 'auto' };
  const judge = { judgeTemplate: 'auto', judgeReasoning: 'auto' };
  return verbConfig(options, { default: { ...shared, ...judge, ...defaults } }, groups);
}

const isAddress = (text: string) => /^https?:\/\//.test(text) && URL.canParse(text);

const { modelNameOrPath, ...placed } = modelFields;
const opened = {
  modelNameOrPath,
  adapter: input.optional().describe('an adapter on top of it'),
  ...placed,
};
const methodNames = Object.keys(METHODS) as MethodName[];
const { maxLength, trainOn, saveSteps, ...shared } = METHODS.sft.fields;
const seed = schemaOf(shared.seed);
const { maxPromptLength, beta } = METHODS['self-train'].fields;
const sampling = schemasOf(samplingFields);
const { referenceWeight } = METHODS['self-train'].fields;
const tournamentJudge = {
  judge: judgeFields.judge.describe(
    'who compares the answers of best_of: self, start (what it was trained from), a model that judges, a reward model, or a file of judgments (default: self)',
  ),
  referenceWeight: schemaOf(referenceWeight).describe(
    "of best_of: how much the log-probability of an answer under the start counts beside the judge's log-odds; 0 for not at all",
  ),
  start: input
    .optional()
    .describe('what the model was trained from (default: as its run says; of no run, the model itself)'),
};
const { datasetShape, promptFormat } = dataFields;
const ofRows = { datasetShape, promptFormat };
const { topK: _, ...evaluated } = sampling;

/** How a judge is asked. */
const asked = {
  cache: path
    .optional()
    .describe(
      'a folder of verdicts that were given: what this judge said of a pair before is not asked again',
    ),
  judgeEndpoint: z
    .string()
    .refine(isAddress)
    .optional()
    .describe(
      'an OpenAI-compatible endpoint that judges, as http://127.0.0.1:8000/v1; -m is what it calls its model',
    ),
  judgeConcurrency: answerFields.count.max(256).describe('pairs that the endpoint is asked about at once'),
  judgeCalls: schemaOf(saveSteps).describe(
    'calls of the endpoint at most, further tries among them; 0 for no limit',
  ),
};
/** Where an evaluation is kept. */
const outputDir = path
  .optional()
  .describe(
    'a folder for the verdicts as they come and what is said of them; the same command again goes on where it stopped',
  );
/** Of what is said of verdicts. */
const by = z
  .string()
  .min(1)
  .optional()
  .describe('a column of the rows: what is said of all verdicts is said for each of its values too');

/** Every verb that uses a model without training it, by name. */
export const MODEL_VERBS = {
  judge: grouped(
    {
      ...opened,
      ...ofRows,
      writePairs: path
        .optional()
        .describe('a file for rows {prompt, chosen, rejected} of the verdicts that have a winner'),
      ranking: z
        .enum(['round-robin', 'swiss'])
        .describe('of rows with more than two completions: every two are compared, or Swiss rounds'),
      seed: seed.describe('keys who meets in the first Swiss round'),
      by,
      ...templateFields,
      explain: z
        .boolean()
        .describe('reasons after each verdict, of a judge template with a rationale, as jsft teaches them'),
      maxNewTokens: sampling.maxNewTokens.describe('tokens of a rationale at most'),
      calibrate: z
        .boolean()
        .describe(
          'fit a temperature by the labels of these rows, which the judge must not be trained on, and keep it beside the weights',
        ),
      calibration: path.describe(
        'auto: the calibration beside the weights, where there is one; none; or a file',
      ),
      tieThreshold: z
        .number()
        .min(0)
        .lt(0.5)
        .optional()
        .describe(
          'a tie where the probability is no farther than this from 1/2 (default: that of the calibration, else 0)',
        ),
      leastMass: z
        .number()
        .min(0.001)
        .max(1)
        .optional()
        .describe(
          'no verdict where the two verdict tokens hold less of the probability in some order (default: 0.001)',
        ),
      ...asked,
    },
    { modelNameOrPath: 'Model', datasetShape: 'Rows', judgeTemplate: 'Judge', judgeEndpoint: 'Endpoint' },
    {
      ranking: 'round-robin',
      seed: 0,
      explain: false,
      maxNewTokens: 256,
      calibrate: false,
      calibration: 'auto',
      judgeConcurrency: 8,
      judgeCalls: 0,
    },
  ),
  'evaluate judge': grouped(
    {
      ...opened,
      ...ofRows,
      by,
      ownModel: z
        .string()
        .min(1)
        .optional()
        .describe(
          'who the judge is among those who wrote the answers, as the rows name them: its self-preference',
        ),
      ...templateFields,
      ...asked,
      outputDir,
    },
    {
      modelNameOrPath: 'Model',
      datasetShape: 'Rows',
      judgeTemplate: 'Judge',
      judgeEndpoint: 'Endpoint',
      outputDir: 'Output',
    },
    { judgeConcurrency: 8, judgeCalls: 0 },
  ),
  'evaluate injection': grouped(
    {
      ...opened,
      ...ofRows,
      datasetLimit: dataFields.datasetLimit.describe('labelled pairs at most, the first ones; 0 for all'),
      ...templateFields,
      ...asked,
      outputDir,
    },
    {
      modelNameOrPath: 'Model',
      datasetShape: 'Rows',
      judgeTemplate: 'Judge',
      judgeEndpoint: 'Endpoint',
      outputDir: 'Output',
    },
    { datasetLimit: 64, judgeConcurrency: 8, judgeCalls: 0 },
  ),
  'evaluate policy': grouped(
    {
      against: input.describe('the file of the answers that it is compared with'),
      questions: input.optional().describe('the questions of files of FastChat: question_id, turns'),
      alpacaEvalGamed: path
        .optional()
        .describe(
          "AlpacaEval's df_gamed.csv, for its length-controlled rate of answers to all of its instructions, in their order",
        ),
      ...opened,
      ...ofRows,
      ...templateFields,
      ...asked,
      outputDir,
    },
    {
      against: 'Answers',
      modelNameOrPath: 'Judge',
      judgeEndpoint: 'Endpoint',
      outputDir: 'Output',
    },
    { judgeConcurrency: 8, judgeCalls: 0 },
  ),
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
