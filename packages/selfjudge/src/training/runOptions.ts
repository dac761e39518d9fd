import type { JudgeReasoning } from '@selfjudge/judging';
import type { ModelOptions } from '../models/model.js';
import type { DatasetOptions } from '../rows/datasets.js';

/** What a verb's configuration holds in the API's names, beside the options of its method. */
export type RunOptions = DatasetOptions &
  ModelOptions & {
    modelNameOrPath: string;
    outputDir: string;
    fullFinetuning: boolean;
    loraR: number;
    loraAlpha: number;
    loraDropout: number;
    loraTargetModules: string[];
    /** Of the verbs that judge. */
    judgeTemplate?: string;
    judgeReasoning?: JudgeReasoning | 'auto';
    trainOn: 'last' | 'all';
    seed: number;
    saveSteps: number;
    saveTotalLimit: number;
  };
