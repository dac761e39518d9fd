import { ConfigError } from '@selfjudge/base';
import type { PrepareOptions } from '@selfjudge/data/internal';
import type { PrepareValues } from '../config/index.js';
import { rowShape } from '../rows/rowShape.js';

/**
 * What a verb that makes files of rows does, by its values. A step that the verb has no values of is not taken.
 * @throws ConfigError for a shape that is none, or another number of shares than of files
 */
export function prepareOptions({
  datasetName,
  outputDir,
  datasetShape,
  against = [],
  ngram = 0,
  near = 0,
  conflicts,
  dedup = conflicts !== undefined,
  split = 'none',
  ...rows
}: Pick<PrepareValues, 'datasetName' | 'outputDir' | 'promptFormat' | 'seed'> & Partial<PrepareValues>): {
  datasetName: string[];
  outputDir: string;
  against: string[];
  options: PrepareOptions;
} {
  const { mixture } = rows;
  if (mixture !== undefined && mixture.length !== datasetName.length)
    throw new ConfigError({
      key: 'mixture',
      expected: `a share for each of the ${datasetName.length} of dataset_name`,
      received: mixture,
    });
  return {
    datasetName,
    outputDir,
    against,
    options: {
      ...rows,
      shape: rowShape(datasetShape),
      ngram,
      dedup,
      conflicts: conflicts ?? 'keep',
      near,
      ...(split !== 'none' && { split }),
    },
  };
}
