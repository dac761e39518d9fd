export { FIELD_GROUPS, LIST_FIELDS, type Fields } from './fields.js';
export { camelCase, mapKeys } from './naming.js';
export { resolveConfig, toOptions, type ConfigSources, type ResolvedConfig } from './resolve.js';
export { TRL_ALIASES, TRL_BATCH_FACTORS, TRL_REFUSED } from './trlKeys.js';
export { presetOf, TRAINING_VERBS, type TrainingVerb, type VerbConfig } from './verbs.js';
