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

const lora = (options: { r: number; alpha: number; dropout: number; targetModules: string[] }) => ({
  lora_r: options.r,
  lora_alpha: options.alpha,
  lora_dropout: options.dropout,
  lora_target_modules: options.targetModules,
  full_finetuning: false,
});
const common = { dtype: 'bf16', device: 'auto', dataset_limit: 0 };
const snake = (options: object) => mapKeys(options, snakeCase);
const training = { ...modelFields, ...dataFields, ...runFields, ...loopFields, ...loraFields };

/** Every training verb, by name. */
export const TRAINING_VERBS = {
  sft: {
    fields: { ...training, ...sftFields },
    presets: {
      default: {
        ...common,
        ...lora(defaultLora),
        ...snake(sftDefaults),
        dataset_split: 'train',
        train_on: 'last',
      },
      paper: {
        ...common,
        ...lora(paper.lora),
        ...snake(paper.jsft),
        dataset_split: 'train',
        train_on: 'all',
      },
    },
  },
  jsft: {
    fields: { ...training, ...sftFields, ...jsftFields, ...templateFields },
    presets: {
      default: {
        ...common,
        ...lora(defaultLora),
        ...snake(jsftDefaults),
        dataset_split: 'train',
        train_on: 'last',
        judge_template: 'plain',
      },
      paper: {
        ...common,
        ...lora(paper.lora),
        ...snake(paper.jsft),
        dataset_split: 'train',
        train_on: 'all',
        judge_template: 'plain',
      },
    },
  },
  dpo: {
    fields: { ...training, max_length: sftFields.max_length, ...preferenceFields, ...dpoFields },
    presets: {
      default: {
        ...common,
        ...lora(defaultLora),
        ...snake(dpoDefaults),
        lora_dropout: 0,
        dataset_split: 'train',
      },
    },
  },
  'self-train': {
    fields: { ...training, ...preferenceFields, ...samplingFields, ...selfTrainingFields, ...templateFields },
    presets: {
      default: {
        ...common,
        ...lora(defaultLora),
        ...snake(selfTrainingDefaults),
        lora_dropout: 0,
        dataset_split: 'self',
        judge_template: 'auto',
      },
      paper: {
        ...common,
        ...lora(paper.lora),
        ...snake(paper.selfTraining),
        lora_dropout: 0,
        dataset_split: 'self',
        judge_template: 'auto',
      },
    },
  },
} satisfies Record<string, VerbConfig>;

export type TrainingVerb = keyof typeof TRAINING_VERBS;

/** Drops preset values that a verb has no field for (the sft verb shares the jsft preset). */
export function presetOf(verb: VerbConfig, name: string): Record<string, unknown> | undefined {
  const values = verb.presets[name];
  return values && Object.fromEntries(Object.entries(values).filter(([key]) => key in verb.fields));
}
