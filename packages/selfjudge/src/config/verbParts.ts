// What verbs that use a model are asked for in common.
import { METHODS } from '@selfjudge/training';
import { samplingFields } from '@selfjudge/training/internal';
import { dataFields, modelFields } from './fields.js';
import { snakeCase } from './naming.js';
import { input } from './paths.js';
import { schemaOf, schemasOf, type Schemas } from './schemas.js';
import { verbConfig, type VerbConfig } from './verbs.js';

/**
 * A verb whose help text has these groups.
 * @param titles by the first option of each group
 */
export function grouped<S extends Schemas>(
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

export const { modelNameOrPath, ...placed } = modelFields;
/** The model that is opened. */
export const opened = {
  modelNameOrPath,
  adapter: input.optional().describe('an adapter on top of it'),
  ...placed,
};
export const seed = schemaOf(METHODS.sft.fields.seed);
export const saveSteps = METHODS.sft.fields.saveSteps;
export const sampling = schemasOf(samplingFields);
const { datasetShape, promptFormat } = dataFields;
/** How rows are read. */
export const ofRows = { datasetShape, promptFormat };
