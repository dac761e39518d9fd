import {
  dpoDefaults,
  defaultLora,
  jsftDefaults,
  paper,
  selfTrainingDefaults,
  sftDefaults,
} from '@selfjudge/training';
import {
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

/** The configuration of a verb: its fields, and the values they have when nobody says otherwise. */
export interface VerbConfig {
  fields: Fields;
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

/** Drops preset values that a verb has no field for (the sft verb shares the jsft preset). */
export function presetOf(verb: VerbConfig, name: string): Record<string, unknown> | undefined {
  const values = verb.presets[name];
  return values && Object.fromEntries(Object.entries(values).filter(([key]) => key in verb.fields));
}
