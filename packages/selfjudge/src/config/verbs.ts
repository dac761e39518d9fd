import {
  dpoDefaults,
  defaultLora,
  jsftDefaults,
  paper,
  selfTrainingDefaults,
  sftDefaults,
} from '@selfjudge/training';
import { z } from 'zod';
import {
  answerFields,
  type FieldGroups,
  type Fields,
  dataFields,
  dpoFields,
  jsftFields,
  loopFields,
  loraFields,
  modelFields,
  preferenceFields,
  runFields,
  samplingFields,
  selfTrainingFields,
  sftFields,
  templateFields,
} from './fields.js';
import { mapKeys, snakeCase } from './naming.js';
import { input } from './paths.js';

/** The configuration of a verb: its fields, and the values they have when nobody says otherwise. */
export interface VerbConfig {
  fields: Fields;
  /** Its fields as the help text groups them. Default: as those of the training verbs. */
  groups?: FieldGroups;
  presets: Record<string, Record<string, unknown>>;
}

interface LoraDefaults {
  r: number;
  alpha: number;
  dropout: number;
  targetModules: string[];
}

/** Defaults of a verb in snake_case: what all share, the adapter's, the method's, and `more`. */
const preset = (lora: LoraDefaults, options: object, more: object): Record<string, unknown> => ({
  dtype: 'bf16',
  device: 'auto',
  dataset_limit: 0,
  prompt_format: 'auto',
  lora_r: lora.r,
  lora_alpha: lora.alpha,
  lora_dropout: lora.dropout,
  lora_target_modules: lora.targetModules,
  full_finetuning: false,
  ...mapKeys(options, snakeCase),
  ...more,
});
const training = { ...modelFields, ...dataFields, ...runFields, ...loopFields, ...loraFields };
const answers = { dataset_split: 'all', train_on: 'last' };
const judgments = { ...answers, dataset_split: 'train', judge_template: 'plain', judge_reasoning: 'auto' };
const ownJudgments = {
  lora_dropout: 0,
  dataset_split: 'self',
  judge_template: 'auto',
  judge_reasoning: 'auto',
};

/** Every training verb, by name. */
export const TRAINING_VERBS = {
  sft: {
    fields: { ...training, ...sftFields },
    presets: {
      default: preset(defaultLora, sftDefaults, answers),
      paper: preset(paper.lora, paper.jsft, { ...answers, train_on: 'all' }),
    },
  },
  jsft: {
    fields: { ...training, ...sftFields, ...jsftFields, ...templateFields },
    presets: {
      default: preset(defaultLora, jsftDefaults, judgments),
      paper: preset(paper.lora, paper.jsft, { ...judgments, train_on: 'all' }),
    },
  },
  dpo: {
    fields: { ...training, max_length: sftFields.max_length, ...preferenceFields, ...dpoFields },
    presets: { default: preset(defaultLora, dpoDefaults, { lora_dropout: 0, dataset_split: 'all' }) },
  },
  'self-train': {
    fields: { ...training, ...preferenceFields, ...samplingFields, ...selfTrainingFields, ...templateFields },
    presets: {
      default: preset(defaultLora, selfTrainingDefaults, ownJudgments),
      paper: preset(paper.lora, paper.selfTraining, ownJudgments),
    },
  },
} satisfies Record<string, VerbConfig>;

export type TrainingVerb = keyof typeof TRAINING_VERBS;

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
const { seed } = loopFields;
const { prompt_format } = dataFields;
const Rows = { prompt_format };
const { top_k: _, ...evaluated } = samplingFields;

/** Every verb that uses a model without training it, by name. */
export const MODEL_VERBS = {
  judge: grouped({ Model: opened, Rows, Judge: templateFields }, {}),
  generate: grouped(
    {
      Model: opened,
      Rows,
      Answers: {
        ...answerFields,
        ...templateFields,
        ...samplingFields,
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
        ...templateFields,
        ...samplingFields,
        seed: seed.describe('keys the first answer; each further one has the next seed'),
      },
    },
    { best_of: 1, max_new_tokens: 256, temperature: 1, top_p: 0.9, top_k: 0, seed: 0 },
  ),
  score: grouped({ Model: opened, Rows }, {}),
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
          .enum(['auto', 'sft', 'jsft', 'dpo', 'self-train', 'judge'])
          .describe('the verb whose examples are shown; auto goes by the columns'),
        dataset_split: dataFields.dataset_split,
        prompt_format: dataFields.prompt_format,
        rows: loopFields.save_steps.describe('rows shown, from the first; all are counted'),
        row: answerFields.count.optional().describe('the row shown instead, by its line in the file'),
      },
      Limits: {
        max_length: sftFields.max_length
          .optional()
          .describe('tokens of prompt and answer at most (default: that of the verb)'),
        max_prompt_length: selfTrainingFields.max_prompt_length
          .optional()
          .describe('tokens of a prompt to self-train at most (default: that of the verb)'),
        train_on: sftFields.train_on.optional().describe('as sft takes it (default: last)'),
        judge_template: templateFields.judge_template
          .optional()
          .describe('a shipped template, a file, or auto (default: that of the verb)'),
      },
    },
    { as: 'auto', dataset_split: 'all', rows: 3, train_on: undefined, judge_template: undefined },
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
        max_length: sftFields.max_length.describe('pairs with more tokens are left out and counted'),
      },
      Answers: {
        ...evaluated,
        beta: preferenceFields.beta.describe('scale of the implicit reward'),
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

/** Drops preset values that a verb has no field for (the sft verb shares the jsft preset). */
export function presetOf(verb: VerbConfig, name: string): Record<string, unknown> | undefined {
  const values = verb.presets[name];
  return values && Object.fromEntries(Object.entries(values).filter(([key]) => key in verb.fields));
}
