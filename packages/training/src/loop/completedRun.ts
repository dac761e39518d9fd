import { join } from 'node:path';
import { RUN_LAYOUT } from '@selfjudge/base/internal';
import { COUNT, fieldReader, OBJECT, TEXT, type FieldReader } from '../runs/jsonFields.js';
import { metricsOf } from '../runs/rows.js';
import { writtenAgain, type RunFolder } from './runFolder.js';
import type { TrainingResult } from './trainingTask.js';

export type CompletedRun = Extract<TrainingResult, { status: 'completed' }>;

/** Reads fields of the summary in a run folder. */
export function summaryFields({ path }: RunFolder): FieldReader {
  const file = join(path, RUN_LAYOUT.summary);
  return fieldReader(file, writtenAgain(file));
}

/**
 * How a complete run ended; undefined for one that is not.
 * @throws FileFormatError when its summary, or the result it speaks of, is damaged
 */
export function readCompleted(folder: RunFolder): CompletedRun | undefined {
  const summary = folder.readSummary();
  if (summary === undefined) return undefined;
  const read = summaryFields(folder);
  const chosenBy = summary.chosenBy === undefined ? undefined : read(summary, 'chosenBy', OBJECT);
  return {
    status: 'completed',
    step: read(summary, 'step', COUNT),
    bestStep: read(summary, 'bestStep', COUNT),
    ...(chosenBy && {
      chosenBy: {
        judge: read(chosenBy, 'judge', TEXT),
        n: read(chosenBy, 'n', COUNT),
        ...(chosenBy.of !== undefined && { of: read(chosenBy, 'of', TEXT) }),
      },
    }),
    numTokens: read(summary, 'numTokens', COUNT),
    last: metricsOf(read(summary, 'last', OBJECT)),
    final: folder.final,
  };
}
