import type { LoopOptions, Method } from '@selfjudge/training';
import type { JudgeReasoning } from '@selfjudge/judging';
import { toOptions, type ResolvedConfig } from '../config/index.js';
import type { ModelOptions } from '../models/model.js';
import type { DatasetOptions } from '../rows/datasets.js';

/** What a verb's configuration holds in the API's names, beside the options of its method. */
export type RunOptions = DatasetOptions &
  ModelOptions &
  LoopOptions & {
    modelNameOrPath: string;
    outputDir: string;
    fullFinetuning: boolean;
    loraR: number;
    loraAlpha: number;
    loraDropout: number;
    loraTargetModules: string[];
    /** Who compares answers, where it is not the start of the run. */
    judge?: string;
    /** Of the verbs that judge. */
    judgeTemplate?: string;
    judgeReasoning?: JudgeReasoning | 'auto';
    /** Of the verbs that ask about dev prompts. */
    evalSteps?: number;
  };

/** A configuration under the API's names; every value was looked at by its field. */
export const runOptionsOf = (config: ResolvedConfig): RunOptions =>
  toOptions(config) as unknown as RunOptions;

/** What of a run's configuration is its method's. */
export const optionsOf = ({ fields }: Method, run: RunOptions): Record<string, unknown> =>
  Object.fromEntries(Object.entries(run).filter(([key]) => Object.hasOwn(fields, key)));
