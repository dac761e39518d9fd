import { z } from 'zod';
import { modelFields, runFields, schemaOf, snakeCase, verbConfig } from '../config/index.js';
import { METHODS } from '@selfjudge/training';
import { quickstartDefaults } from './quickstart.js';
import { WORLD_TEMPLATES } from './templates.js';
import { CARES } from './writer.js';

/** What of the quickstart's options a person may want to change. */
const options = {
  ...runFields,
  seed: schemaOf(METHODS.sft.fields.seed).describe('seed of everything'),
  pairs: z.number().int().min(20).max(100_000).describe('labelled pairs'),
  labelNoise: z.number().min(0).max(0.5).describe('share of wrong labels, each by itself'),
  sharedNoise: z.number().min(0).max(0.5).describe('share of pairs whose labels are all turned round'),
  care: z.enum(CARES).describe('who wrote the answers of labelled pairs: all careless, or some careful'),
  careBy: z
    .enum(['answer', 'principle'])
    .describe('whether who is careful in one thing is careful in all: principles then conflict less'),
  modal: z.enum(['right', 'wrong']).describe('whether the commonest answer is right'),
  judgeTemplate: z.enum(WORLD_TEMPLATES).describe('how the judge is asked'),
  steps: z.number().int().min(1).describe('steps of self-training and DPO'),
  device: modelFields.device.describe('where to compute; a model this small is fastest on the CPU'),
};

export const QUICKSTART = verbConfig(
  options,
  { default: { ...quickstartDefaults } },
  { World: Object.keys(options).map(snakeCase) },
);
