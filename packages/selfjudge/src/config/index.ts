export { FIELD_GROUPS, LIST_FIELDS, modelFields, runFields, type Fields } from './fields.js';
export { bytesIn, FORMATS, MERGE_DTYPES, QUANTIZATIONS, type Quantization } from './mergeOptions.js';
export { camelCase, mapKeys, snakeCase } from './naming.js';
export { RENAMED, renaming, underTodaysKeys, underTodaysNames } from './renamed.js';
export { resolveConfig, resolveVerb, toOptions, type ConfigSources, type ResolvedConfig } from './resolve.js';
export { BATCH_FACTORS, RECIPE_KEYS } from './recipes/index.js';
export { CONFIG_FORMAT, todaysMeaning } from './earlier.js';
export { schemaOf } from './schemas.js';
export {
  MODEL_VERBS,
  presetOf,
  TRAINING_VERBS,
  type ModelVerb,
  type TrainingVerb,
  type VerbConfig,
} from './verbs.js';
