import { z } from 'zod';
import { modelFields, runFields, schemaOf, snakeCase, verbConfig } from '../config/index.js';
import { METHODS } from '@selfjudge/training';
import { quickstartDefaults } from './quickstart.js';
import { WORLD_TEMPLATES } from './templates.js';

/** What of the quickstart's options a person may want to change. */
const options = {
  ...runFields,
  seed: schemaOf(METHODS.sft.fields.seed).describe('seed of everything'),
  judgeTemplate: z.enum(WORLD_TEMPLATES).describe('how the judge is asked'),
  steps: z.number().int().min(1).describe('steps of self-training and DPO'),
  device: modelFields.device.describe('where to compute; a model this small is fastest on the CPU'),
};

export const QUICKSTART = verbConfig(
  options,
  { default: { ...quickstartDefaults } },
  { World: Object.keys(options).map(snakeCase) },
);
