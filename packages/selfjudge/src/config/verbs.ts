import { defaultLora, METHODS, type Method, type MethodName } from '@selfjudge/training';
import { presetOptions, samplingFields } from '@selfjudge/training/internal';
import { z } from 'zod';
import {
  answerFields,
  type FieldGroups,
  type Fields,
  dataFields,
  judgeFields,
  loraFields,
  modelFields,
  runFields,
  templateFields,
} from './fields.js';
import { mapKeys, snakeCase } from './naming.js';
import { bytesIn, FORMATS, MERGE_DTYPES, QUANTIZATIONS } from './mergeOptions.js';
import { input, path } from './paths.js';
import { schemaOf, schemasOf } from './schemas.js';

/** The configuration of a verb: its fields, and the values they have when nobody says otherwise. */
export interface VerbConfig {
  fields: Fields;
  /** Its fields as the help text groups them. Default: as those of the training verbs. */
  groups?: FieldGroups;
  presets: Record<string, Record<string, unknown>>;
}

/** The configuration of a method's verb. */
function verbOf(method: Method): VerbConfig {
  const asks = method.judgeTemplate !== undefined;
  return {
    fields: {
      ...modelFields,
      ...dataFields,
      ...runFields,
      ...loraFields,
      ...schemasOf(method.fields),
      ...(method.judgeTemplate === 'auto' && judgeFields),
      ...(asks && templateFields),
    },
    presets: Object.fromEntries(
      [...new Set(['default', ...Object.keys(method.presets ?? {})])].map((name) => [
        name,
        presetIn(method, name),
      ]),
    ),
  };
}

/** A preset in snake_case: what all verbs share, the adapter's, the method's. */
function presetIn(method: Method, name: string): Record<string, unknown> {
  const lora = method.presets?.[name]?.lora ?? defaultLora;
  return {
    dtype: 'bf16',
    device: 'auto',
    dataset_split: method.split,
    dataset_limit: 0,
    prompt_format: 'auto',
    lora_r: lora.r,
    lora_alpha: lora.alpha,
    lora_dropout: method.drops ? lora.dropout : 0,
    lora_target_modules: lora.targetModules,
    full_finetuning: false,
    ...mapKeys(presetOptions(method, name), snakeCase),
    ...(method.judgeTemplate !== undefined && {
      judge_template: method.judgeTemplate,
      judge_reasoning: 'auto',
    }),
  };
}

export type TrainingVerb = MethodName;
const verbs = Object.entries<Method>(METHODS).map(([name, method]) => [name, verbOf(method)]);
/** Every training verb, by name. */
export const TRAINING_VERBS = Object.fromEntries(verbs) as Record<TrainingVerb, VerbConfig>;

/** A verb whose help text has these groups. */
const grouped = (groups: FieldGroups, defaults: Record<string, unknown>): VerbConfig => ({
  fields: Object.assign({}, ...Object.values(groups)) as Fields,
  groups,
  presets: {
    default: {
      dtype: 'bf16',
      device: 'auto',
      prompt_format: 'auto',
      judge_template: 'auto',
      judge_reasoning: 'auto',
      ...defaults,
    },
  },
});

const { model_name_or_path, ...placed } = modelFields;
const opened = {
  model_name_or_path,
  adapter: input.optional().describe('an adapter on top of it'),
  ...placed,
};
const { maxLength, trainOn, saveSteps, ...shared } = METHODS.sft.fields;
const seed = schemaOf(shared.seed);
const { maxPromptLength, beta } = METHODS['self-train'].fields;
const sampling = schemasOf(samplingFields);
const tournamentJudge = {
  judge: judgeFields.judge.describe(
    'who compares the answers of best_of: a model that judges, a reward model, or a JSONL file of judgments (default: the model itself)',
  ),
};
const { prompt_format } = dataFields;
const Rows = { prompt_format };
const { top_k: _, ...evaluated } = sampling;

/** Every verb that uses a model without training it, by name. */
export const MODEL_VERBS = {
  judge: grouped({ Model: opened, Rows, Judge: templateFields }, {}),
  generate: grouped(
    {
      Model: opened,
      Rows,
      Answers: {
        ...answerFields,
        ...tournamentJudge,
        ...templateFields,
        ...sampling,
        seed: seed.describe('keys the samples and the draw of the tournament'),
      },
    },
    { count: 1, best_of: 1, max_new_tokens: 256, temperature: 1, top_p: 0.9, top_k: 0, seed: 0 },
  ),
  chat: grouped(
    {
      Model: opened,
      Conversation: {
        system: z.string().optional().describe('what the model is told before the conversation'),
      },
      Answers: {
        best_of: answerFields.best_of,
        ...tournamentJudge,
        ...templateFields,
        ...sampling,
        seed: seed.describe('keys the first answer; each further one has the next seed'),
      },
    },
    { best_of: 1, max_new_tokens: 256, temperature: 1, top_p: 0.9, top_k: 0, seed: 0 },
  ),
  score: grouped(
    {
      Model: opened,
      Rows,
      Scores: {
        reward: z.boolean().describe('the number that a reward model gives, in place of log-probabilities'),
      },
    },
    { reward: false },
  ),
  inspect: grouped(
    {
      Model: {
        model_name_or_path,
        adapter: opened.adapter,
        chat_template: opened.chat_template,
        chat_template_kwargs: opened.chat_template_kwargs,
        chat_template_date: opened.chat_template_date,
      },
      Rows: {
        as: z
          .enum(['auto', 'sft', 'jsft', 'dpo', 'reward', 'self-train', 'judge'])
          .describe('the verb whose examples are shown; auto goes by the columns'),
        dataset_split: dataFields.dataset_split,
        prompt_format: dataFields.prompt_format,
        rows: schemaOf(saveSteps).describe('rows shown, from the first; all are counted'),
        row: answerFields.count.optional().describe('the row shown instead, by its line in the file'),
      },
      Limits: {
        max_length: schemaOf(maxLength)
          .optional()
          .describe('tokens of prompt and answer at most (default: that of the verb)'),
        max_prompt_length: schemaOf(maxPromptLength)
          .optional()
          .describe('tokens of a prompt to self-train at most (default: that of the verb)'),
        train_on: schemaOf(trainOn).optional().describe('as sft takes it (default: last)'),
        judge_template: templateFields.judge_template
          .optional()
          .describe('a shipped template, a file, or auto (default: that of the verb)'),
      },
    },
    { as: 'auto', dataset_split: 'all', rows: 3, train_on: undefined, judge_template: undefined },
  ),
  merge: grouped(
    {
      Model: { model_name_or_path, adapter: opened.adapter, device: placed.device },
      Output: {
        output_dir: path.describe('a new folder, which is there whole or not at all'),
        overwrite_output_dir: z.boolean().describe('replace a folder that an earlier merge wrote'),
        format: z.enum(FORMATS).describe('a folder of transformers, or a GGUF file with a Modelfile'),
        dtype: z
          .enum(MERGE_DTYPES)
          .describe('of safetensors: what weights are rounded to, once; auto: as the base is stored'),
        max_shard_size: z
          .string()
          .refine((size) => bytesIn(size) !== undefined)
          .optional()
          .describe('of safetensors: bytes of a file at most, as 5GB or 200MiB (default: 5GB)'),
        quantization: z
          .enum(QUANTIZATIONS)
          .optional()
          .describe('of GGUF: what matrices are stored as (default: F16, of an adapter alone F32)'),
        adapter_only: z
          .boolean()
          .describe('of GGUF: the adapter alone, to be put on a GGUF file of its base'),
      },
    },
    { dtype: 'auto', format: 'safetensors', overwrite_output_dir: false, adapter_only: false },
  ),
  evaluate: grouped(
    {
      Model: {
        ...opened,
        baseline: input.optional().describe('what it was trained from'),
        outside_judge: input.optional().describe('a judge it was not trained on'),
        ...templateFields,
      },
      Data: {
        ...dataFields,
        max_length: schemaOf(maxLength).describe('pairs with more tokens are left out and counted'),
      },
      Answers: {
        ...evaluated,
        beta: schemaOf(beta).describe('scale of the implicit reward'),
        seed: seed.describe('keys the answers'),
      },
    },
    {
      dataset_split: 'test',
      dataset_limit: 0,
      max_length: 1024,
      max_new_tokens: 128,
      temperature: 1,
      top_p: 0.9,
      beta: 0.1,
      seed: 0,
    },
  ),
} satisfies Record<string, VerbConfig>;

export type ModelVerb = keyof typeof MODEL_VERBS;

export const presetOf = (verb: VerbConfig, name: string): Record<string, unknown> | undefined =>
  verb.presets[name];
