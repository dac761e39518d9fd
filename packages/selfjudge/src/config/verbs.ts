import { defaultLora, METHODS, type Method, type MethodName } from '@selfjudge/training';
import { presetOptions } from '@selfjudge/training/internal';
import type { z } from 'zod';
import {
  dataFields,
  demonstrationFields,
  evalFields,
  judgeFields,
  loraFields,
  modelFields,
  runFields,
  templateFields,
  trackingFields,
  type FieldGroups,
} from './fields.js';
import { mapKeys, snakeCase } from './naming.js';
import { schemasOf, type Schemas } from './schemas.js';

/** The configuration of a verb: its fields, and the values they have when nobody says otherwise. */
export interface VerbConfig<S extends Schemas = Schemas> {
  /** What it takes, by the API's names. */
  options: S;
  /** The same by the words of files and flags. */
  fields: Schemas;
  /** Its fields as the help text groups them. Default: as those of the training verbs. */
  groups?: FieldGroups;
  /** By name, values under the words of files and flags. */
  presets: Record<string, Record<string, unknown>>;
}

/** @param presets by name, values under the API's names */
export const verbConfig = <S extends Schemas>(
  options: S,
  presets: Readonly<Record<string, Record<string, unknown>>>,
  groups?: FieldGroups,
): VerbConfig<S> => ({
  options,
  fields: mapKeys<z.ZodType>(options, snakeCase),
  groups,
  presets: Object.fromEntries(
    Object.entries(presets).map(([name, values]) => [name, mapKeys(values, snakeCase)]),
  ),
});

const { judge, outsideJudge } = judgeFields;

/** The configuration of a method's verb. */
function verbOf(method: Method): VerbConfig {
  const asks = method.judgeTemplate !== undefined;
  const measures = 'evalSteps' in method.fields;
  return verbConfig(
    {
      ...modelFields,
      ...dataFields,
      ...(method.demonstrations === true && demonstrationFields),
      ...(measures && evalFields),
      ...runFields,
      ...trackingFields,
      ...loraFields,
      ...schemasOf(method.fields),
      ...(method.judgeTemplate === 'auto' && { judge }),
      ...(measures && method.rows === 'prompts' && { outsideJudge }),
      ...(asks && templateFields),
    },
    Object.fromEntries(
      [...new Set(['default', ...Object.keys(method.presets ?? {})])].map((name) => [
        name,
        presetIn(method, name),
      ]),
    ),
  );
}

/** A preset: what all verbs share, the adapter's, the method's. */
function presetIn(method: Method, name: string): Record<string, unknown> {
  const preset = method.presets?.[name];
  const lora = preset?.lora ?? defaultLora;
  return {
    dtype: 'bf16',
    device: 'auto',
    datasetSplit: preset?.split ?? method.split,
    datasetLimit: 0,
    ...('evalSteps' in method.fields && { evalDatasetSplit: 'all' }),
    promptFormat: 'auto',
    reportTo: 'none',
    loraR: lora.r,
    loraAlpha: lora.alpha,
    loraDropout: method.drops ? lora.dropout : 0,
    loraTargetModules: lora.targetModules,
    fullFinetuning: preset?.fullFinetuning ?? false,
    ...presetOptions(method, name),
    ...(method.judgeTemplate !== undefined && {
      judgeTemplate: preset?.judgeTemplate ?? method.judgeTemplate,
      judgeReasoning: 'auto',
    }),
  };
}

export type TrainingVerb = MethodName;
const verbs = Object.entries<Method>(METHODS).map(([name, method]) => [name, verbOf(method)]);
/** Every training verb, by name. */
export const TRAINING_VERBS = Object.fromEntries(verbs) as Record<TrainingVerb, VerbConfig>;

export const presetOf = (verb: VerbConfig, name: string): Record<string, unknown> | undefined =>
  verb.presets[name];
