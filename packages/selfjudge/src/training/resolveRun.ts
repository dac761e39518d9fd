import {
  resolveConfig,
  type ConfigSources,
  type ResolvedConfig,
  type TrainingVerb,
} from '../config/index.js';
import { beganWith } from './sameRun.js';

/**
 * A run's configuration. One that goes on keeps the split it began with where nothing says otherwise: sft and dpo took
 * `train` by default before they took all rows.
 * @throws ConfigError as resolveConfig; FileFormatError when the run's config.yaml is damaged
 */
export function resolveRun(verb: TrainingVerb, sources: ConfigSources): ResolvedConfig {
  const config = resolveConfig(verb, sources);
  const { dataset_split: split } = beganWith(String(config.output_dir)) ?? {};
  return split === undefined || split === config.dataset_split
    ? config
    : resolveConfig(verb, { ...sources, begun: { dataset_split: split } });
}
