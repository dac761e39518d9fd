import { loopFields } from '@selfjudge/training/internal';
import { METHODS, type Method } from '@selfjudge/training';
import {
  dataFields,
  demonstrationFields,
  evalFields,
  judgeFields,
  loraFields,
  modelFields,
  runFields,
  schemaOf,
  schemasOf,
  templateFields,
  trackingFields,
  valuesOf,
  type ResolvedConfig,
  type TrainingVerb,
  type ValuesOf,
} from '../config/index.js';
import type { Tally } from '../rows/datasets.js';

/** What a verb's configuration holds beside the options of its method alone. */
const given = {
  ...modelFields,
  ...dataFields,
  ...demonstrationFields,
  ...runFields,
  ...trackingFields,
  ...loraFields,
  ...schemasOf(loopFields),
  /** Who compares answers, where it is not the start of the run. */
  ...judgeFields,
  /** Of the verbs that judge. */
  judgeTemplate: templateFields.judgeTemplate.optional(),
  judgeReasoning: templateFields.judgeReasoning.optional(),
  /** Of the verbs that measure while they train. */
  evalDatasetName: evalFields.evalDatasetName,
  evalDatasetSplit: evalFields.evalDatasetSplit.optional(),
  evalSteps: schemaOf(METHODS['self-train'].fields.evalSteps).optional(),
};

/** A configuration as it was given, under the API's names. */
export type GivenOptions = ValuesOf<typeof given>;
export const givenOptions = (config: ResolvedConfig): GivenOptions => valuesOf(given, config);

/** Once it is known what string prompts are. */
const settled = { ...given, promptFormat: dataFields.promptFormat.exclude(['auto']) };

/** What a run is made with. */
export interface RunOptions extends ValuesOf<typeof settled> {
  /** Every option of its method. */
  options: Record<string, unknown>;
  /** Told what became of the rows. */
  tally?: Tally;
}

/** @throws ConfigError for a value that is missing or none of its option, `prompt_format: auto` too */
export function runOptionsOf(verb: TrainingVerb, config: ResolvedConfig): RunOptions {
  const { fields }: Method = METHODS[verb];
  return { ...valuesOf(settled, config), options: valuesOf(schemasOf(fields), config) };
}
