import { describe, expect, it } from 'vitest';
import { dpoDefaults, METHODS, selfTrainingDefaults } from '@selfjudge/training';
import { resolveConfig, TRAINING_VERBS, type ResolvedConfig, type TrainingVerb } from '../config/index.js';
import { givenOptions, runOptionsOf } from './runOptions.js';

const flags = { model_name_or_path: 'm', dataset_name: 'a.jsonl', output_dir: 'out' };
const configOf = (verb: TrainingVerb): ResolvedConfig => ({
  ...resolveConfig(verb, { flags }),
  prompt_format: 'chat',
});

describe('the options of a run', () => {
  it("are every one of its method, and the configuration's own by the API's names", () => {
    const run = runOptionsOf('self-train', configOf('self-train'));
    expect(run.options).toEqual(selfTrainingDefaults);
    expect(run).toMatchObject({ datasetName: ['a.jsonl'], promptFormat: 'chat', evalSteps: 0, loraR: 8 });
    const { evalSteps, judgeTemplate, options } = runOptionsOf('dpo', configOf('dpo'));
    expect({ evalSteps, judgeTemplate, options }).toEqual({ evalSteps: 0, options: dpoDefaults });
  });

  it.each(Object.keys(TRAINING_VERBS) as TrainingVerb[])('%s: names an option that is missing', (verb) => {
    expect(Object.keys(runOptionsOf(verb, configOf(verb)).options)).toEqual(
      Object.keys(METHODS[verb].fields),
    );
    const { learning_rate: _, ...config } = configOf(verb);
    expect(() => runOptionsOf(verb, config)).toThrow(/^learning_rate: expected .*, received nothing$/);
  });

  it('know what string prompts are; what was given may leave it open', () => {
    const config = { ...configOf('sft'), prompt_format: 'auto' };
    expect(givenOptions(config).promptFormat).toBe('auto');
    expect(() => runOptionsOf('sft', config)).toThrow(
      /^prompt_format: expected one of standard, chat, received auto$/,
    );
  });
});
