import { isError } from '@selfjudge/base';
import { DEFAULT_FRACTIONS } from '@selfjudge/data';
import { expect, it } from 'vitest';
import { prepareOptions } from './prepareOptions.js';
import { DATA_VERBS, resolveVerb, valuesOf, type DataVerb } from '../config/index.js';

const resolved = (verb: DataVerb, flags: Record<string, string | string[]>) =>
  valuesOf(DATA_VERBS[verb].options, resolveVerb(verb, DATA_VERBS[verb], { flags }));
const given = { dataset_name: ['a.jsonl'], output_dir: 'out' };

it('a verb takes its own step and no other', () => {
  const optionsOf = (verb: DataVerb, flags: Record<string, string | string[]> = {}) =>
    prepareOptions(resolved(verb, { ...given, ...flags }));
  const none = {
    dedup: false,
    near: 0,
    ngram: 0,
    conflicts: 'keep',
    shape: 'auto',
    promptFormat: 'standard',
  };
  expect(optionsOf('split')).toEqual({
    datasetName: ['a.jsonl'],
    outputDir: 'out',
    against: [],
    options: { ...none, seed: 0, split: DEFAULT_FRACTIONS },
  });
  expect(optionsOf('dedup').options).toEqual({ ...none, seed: 0, dedup: true, conflicts: 'drop' });
  expect(optionsOf('decontaminate', { against: 'b.jsonl' })).toMatchObject({
    against: ['b.jsonl'],
    options: { ...none, ngram: 13 },
  });
  expect(optionsOf('prepare', { split: 'none', dedup: 'false', near: '0.9' }).options).toEqual({
    ...none,
    seed: 0,
    ngram: 13,
    near: 0.9,
    conflicts: 'drop',
    labelNoise: 0,
  });
  expect(optionsOf('prepare', { mixture: '0.5' }).options.mixture).toEqual([0.5]);
  expect(() => optionsOf('prepare', { mixture: ['1', '0.5'] })).toThrow(
    /mixture: expected a share for each of the 1 of dataset_name/,
  );
  expect(optionsOf('prepare', { split: '{train: 0.75, dev: 0.25}' }).options.split).toEqual({
    train: 0.75,
    self: 0,
    dev: 0.25,
    test: 0,
  });
});

it.each([
  ['split', { dataset_name: ['a'] }, /output_dir: expected a new folder/],
  ['prepare', { output_dir: 'x' }, /dataset_name: expected files of rows/],
  ['decontaminate', given, /against: expected files of rows/],
  ['split', { ...given, split: '{train: 0.5}' }, /split: expected .*add up to 1/],
  ['split', { ...given, split: '{training: 1}' }, /split: .*training/],
  ['dedup', { ...given, near: '0.3' }, /near: expected at least 0.5/],
  ['dedup', { ...given, sample: '0' }, /sample: expected at least 1/],
  ['dedup', { ...given, ngram: '13' }, /ngram: expected a key of this verb/],
] as const)('%s refuses %o', (verb, flags, message) => {
  let failure: unknown;
  try {
    resolved(verb, flags as unknown as Record<string, string>);
  } catch (error) {
    failure = error;
  }
  expect(isError(failure, 'SJ_CONFIG') && failure.message).toMatch(message);
});
