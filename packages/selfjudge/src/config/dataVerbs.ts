import { DEFAULT_FRACTIONS } from '@selfjudge/data';
import { CONFLICTS } from '@selfjudge/data/internal';
import { z } from 'zod';
import { dataFields } from './fields.js';
import { snakeCase } from './naming.js';
import { path } from './paths.js';
import type { Schemas, ValuesOf } from './schemas.js';
import { verbConfig, type VerbConfig } from './verbs.js';

const part = z.number().min(0).max(1).default(0);
const shares = z
  .strictObject({ train: part, self: part, dev: part, test: part })
  .refine(
    ({ train, self, dev, test }) => Math.abs(train + self + dev + test - 1) < 1e-9,
    'shares that add up to 1',
  );

const { datasetName, datasetShape } = dataFields;

/** What every verb that writes rows takes. */
const rows = {
  datasetName: datasetName.describe('files of rows, as the words after the verb name them'),
  datasetShape,
  promptFormat: z
    .enum(['standard', 'chat'])
    .describe('a string prompt is text as it stands (standard, as in TRL) or a user turn (chat)'),
  where: z
    .string()
    .min(1)
    .optional()
    .describe('rows alone for which this condition on their columns holds, in the SQL of DuckDB'),
  sample: z.number().int().min(1).optional().describe('this many of those rows, drawn by the seed'),
  seed: z.number().int().describe('draws what is drawn'),
};

const LEAKS = 'files of rows of which nothing may be left: those of tests and benchmarks';
const decontamination = {
  against: datasetName.describe(LEAKS),
  ngram: z
    .number()
    .int()
    .min(2)
    .max(100)
    .describe(
      'so many words in a row in common with a row of against, in the prompt or an answer, and a row goes',
    ),
};

const deduplication = {
  near: z
    .union([z.literal(0), z.number().min(0.5).max(1)])
    .describe(
      'a row goes whose prompt and whose answers have each this share of five-word shingles in common with a row before it, from 0.5 to 1; 0: only rows that say the same go',
    ),
  conflicts: z
    .enum(CONFLICTS)
    .describe('rows that contradict each other: all go, the first stays, or all stay'),
};

const dedup = z
  .boolean()
  .describe('whether rows that say the same as one before them go, whatever case and white space');

const splitting = {
  split: z
    .union([z.literal('none'), shares])
    .describe(
      'shares of train, self, dev and test, by the hash that training splits by, as {train: 0.9, test: 0.1}; none: one file, rows.jsonl',
    ),
};

const share = z.number().gt(0).max(1);
const mixing = {
  mixture: z
    .union([share.transform((one) => [one]), z.array(share).min(1)])
    .optional()
    .describe(
      'a share for each of dataset_name, in their order: of each so much of its questions, drawn by seed and question, as 1 0.25 (left out: all)',
    ),
};

const labels = {
  labelNoise: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'for studies: the chance of each row to have its label turned, drawn by seed, question and answers; column label_flipped says which',
    ),
  labelSource: z
    .string()
    .min(1)
    .optional()
    .describe('for studies: whose labels they are, as column label_source of rows that have none'),
};

const output = { outputDir: path.describe('a new folder, which is there whole or not at all') };

const DEFAULTS = {
  promptFormat: 'standard',
  seed: 0,
  ngram: 13,
  dedup: true,
  near: 0,
  conflicts: 'drop',
  labelNoise: 0,
  split: DEFAULT_FRACTIONS,
};

/** A verb of the steps whose fields are given. */
function stepsOf<S extends Schemas>(
  steps: S,
  titles: Record<string, object>,
): VerbConfig<typeof rows & S & typeof output> {
  const options = { ...rows, ...steps, ...output };
  const groups = Object.fromEntries(
    Object.entries({ Rows: rows, ...titles, Output: output }).map(([title, fields]) => [
      title,
      Object.keys(fields)
        .map(snakeCase)
        .filter((key) => key !== 'dataset_name'),
    ]),
  );
  const defaults = Object.fromEntries(Object.entries(DEFAULTS).filter(([key]) => key in options));
  return verbConfig(options, { default: defaults }, groups);
}

/** Every verb that makes files of rows out of others, by name. */
export const DATA_VERBS = {
  split: stepsOf(splitting, { Split: splitting }),
  dedup: stepsOf(deduplication, { Duplicates: deduplication }),
  decontaminate: stepsOf(decontamination, { Contamination: decontamination }),
  prepare: stepsOf(
    {
      ...mixing,
      ...decontamination,
      against: datasetName.optional().describe(LEAKS),
      dedup,
      ...deduplication,
      ...splitting,
      ...labels,
    },
    {
      Mixture: mixing,
      Contamination: decontamination,
      Duplicates: { dedup, ...deduplication },
      Split: splitting,
      Labels: labels,
    },
  ),
};

export type DataVerb = keyof typeof DATA_VERBS;

/** What `data prepare` is asked for, by the API's names: the other verbs have some of it. */
export type PrepareValues = ValuesOf<(typeof DATA_VERBS)['prepare']['options']>;
