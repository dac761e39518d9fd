import { z } from 'zod';
import { mapKeys, modelFields, runFields, schemaOf, snakeCase, type VerbConfig } from '../config/index.js';
import { METHODS } from '@selfjudge/training';
import { quickstartDefaults } from './quickstart.js';
import { WORLD_TEMPLATES } from './templates.js';

/** What of the quickstart's options a person may want to change. */
const fields = {
  ...runFields,
  seed: schemaOf(METHODS.sft.fields.seed).describe('seed of everything'),
  judge_template: z.enum(WORLD_TEMPLATES).describe('how the judge is asked'),
  steps: z.number().int().min(1).describe('steps of self-training and DPO'),
  device: modelFields.device.describe('where to compute; a model this small is fastest on the CPU'),
};

export const QUICKSTART: VerbConfig = {
  fields,
  groups: { World: fields },
  presets: { default: mapKeys(quickstartDefaults, snakeCase) },
};
