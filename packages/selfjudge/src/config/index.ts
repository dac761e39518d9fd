export { resolveConfig, toOptions, type ConfigSources, type ResolvedConfig } from './resolve.js';
export { TRAINING_VERBS, type TrainingVerb, type VerbConfig } from './verbs.js';
