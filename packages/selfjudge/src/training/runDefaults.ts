import type { PromptFormat } from '@selfjudge/data';
import { TRAINING_VERBS, type TrainingVerb } from '../config/index.js';
import { beganWith } from './sameRun.js';

/** How a run reads rows. */
export interface RunDefaults {
  verb: TrainingVerb;
  maxLength?: number;
  maxPromptLength?: number;
  maxNewTokens?: number;
  trainOn?: 'last' | 'all';
  judgeTemplate?: string;
  promptFormat?: PromptFormat;
}

const isVerb = (verb: unknown): verb is TrainingVerb =>
  typeof verb === 'string' && Object.hasOwn(TRAINING_VERBS, verb);

/** How the run in a folder reads rows; undefined where the path is of no run. @throws FileFormatError when its config.yaml is damaged */
export function runDefaults(path: string): RunDefaults | undefined {
  const { verb, ...began } = beganWith(path) ?? {};
  if (!isVerb(verb)) return undefined;
  const number = (key: string) => {
    const value = began[key];
    return typeof value === 'number' ? value : undefined;
  };
  const { train_on: trainOn, judge_template: judgeTemplate, prompt_format: format } = began;
  return {
    verb,
    maxLength: number('max_length'),
    maxPromptLength: number('max_prompt_length'),
    maxNewTokens: number('max_new_tokens'),
    trainOn: trainOn === 'last' || trainOn === 'all' ? trainOn : undefined,
    judgeTemplate: typeof judgeTemplate === 'string' ? judgeTemplate : undefined,
    promptFormat: format === 'standard' || format === 'chat' ? format : undefined,
  };
}
