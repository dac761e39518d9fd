import {
  dpoDefaults,
  defaultLora,
  jsftDefaults,
  paper,
  selfTrainingDefaults,
  sftDefaults,
} from '@selfjudge/training';
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
import { z } from 'zod';
import { mapKeys, snakeCase } from './naming.js';

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
  lora_r: lora.r,
  lora_alpha: lora.alpha,
  lora_dropout: lora.dropout,
  lora_target_modules: lora.targetModules,
  full_finetuning: false,
  ...mapKeys(options, snakeCase),
  ...more,
});
const training = { ...modelFields, ...dataFields, ...runFields, ...loopFields, ...loraFields };
const answers = { dataset_split: 'train', train_on: 'last' };
const judgments = { ...answers, judge_template: 'plain' };
const ownJudgments = { lora_dropout: 0, dataset_split: 'self', judge_template: 'auto' };

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
    presets: { default: preset(defaultLora, dpoDefaults, { lora_dropout: 0, dataset_split: 'train' }) },
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
    default: { dtype: 'bf16', device: 'auto', judge_template: 'auto', ...defaults },
  },
});

const { model_name_or_path, ...placed } = modelFields;
const opened = {
  model_name_or_path,
  adapter: z.string().optional().describe('an adapter on top of it'),
  ...placed,
};
const { seed } = loopFields;
const { top_k: _, ...evaluated } = samplingFields;

/** Every verb that uses a model without training it, by name. */
export const MODEL_VERBS = {
  judge: grouped({ Model: opened, Judge: templateFields }, {}),
  generate: grouped(
    {
      Model: opened,
      Answers: {
        ...answerFields,
        ...templateFields,
        ...samplingFields,
        seed: seed.describe('keys the samples and the draw of the tournament'),
      },
    },
    { count: 1, best_of: 1, max_new_tokens: 256, temperature: 1, top_p: 0.9, top_k: 0, seed: 0 },
  ),
  score: grouped({ Model: opened }, {}),
  evaluate: grouped(
    {
      Model: {
        ...opened,
        baseline: z.string().optional().describe('what it was trained from'),
        outside_judge: z.string().optional().describe('a judge it was not trained on'),
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
