import type { PromptFormat } from '@selfjudge/data';
import type { Fields } from '@selfjudge/base/fields';
import { METHODS } from '@selfjudge/training';
import { schemaOf, snakeCase, TRAINING_VERBS, type TrainingVerb } from '../config/index.js';
import { beganWith } from './sameRun.js';

/** How a run reads rows. */
export interface RunDefaults {
  verb: TrainingVerb;
  /** Those of its method that it began with. */
  options: Record<string, unknown>;
  judgeTemplate?: string;
  promptFormat?: PromptFormat;
}

const isVerb = (verb: unknown): verb is TrainingVerb =>
  typeof verb === 'string' && Object.hasOwn(TRAINING_VERBS, verb);

/** How the run in a folder reads rows; undefined where the path is of no run. @throws FileFormatError when its config.yaml is damaged */
export function runDefaults(path: string): RunDefaults | undefined {
  const { verb, ...began } = beganWith(path) ?? {};
  if (!isVerb(verb)) return undefined;
  const fields: Fields = METHODS[verb].fields;
  const options = Object.entries(fields).flatMap(([name, field]) => {
    const { success, data } = schemaOf(field).safeParse(began[snakeCase(name)]);
    return success ? [[name, data]] : [];
  });
  const { judge_template: judgeTemplate, prompt_format: format } = began;
  return {
    verb,
    options: Object.fromEntries(options) as Record<string, unknown>,
    judgeTemplate: typeof judgeTemplate === 'string' ? judgeTemplate : undefined,
    promptFormat: format === 'standard' || format === 'chat' ? format : undefined,
  };
}
