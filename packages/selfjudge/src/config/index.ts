export {
  dataFields,
  demonstrationFields,
  evalFields,
  FIELD_GROUPS,
  judgeFields,
  LIST_FIELDS,
  loraFields,
  modelFields,
  runFields,
  templateFields,
  trackingFields,
} from './fields.js';
export { isAddress } from './paths.js';
export { bytesIn, FORMATS, MERGE_DTYPES, QUANTIZATIONS, type Quantization } from './mergeOptions.js';
export { camelCase, mapKeys, snakeCase } from './naming.js';
export { RENAMED, renaming, underTodaysKeys, underTodaysNames } from './renamed.js';
export {
  resolveConfig,
  resolveVerb,
  toOptions,
  valuesOf,
  type ConfigSources,
  type ResolvedConfig,
} from './resolve.js';
export { BATCH_FACTORS, RECIPE_KEYS } from './recipes/index.js';
export { CONFIG_FORMAT, todaysMeaning } from './earlier.js';
export { schemaOf, schemasOf, type Schemas, type ValuesOf } from './schemas.js';
export { presetOf, TRAINING_VERBS, verbConfig, type TrainingVerb, type VerbConfig } from './verbs.js';
export { MODEL_VERBS, type ModelVerb, type VerbOptions } from './modelVerbs.js';
export { DATA_VERBS, type DataVerb, type PrepareValues } from './dataVerbs.js';
