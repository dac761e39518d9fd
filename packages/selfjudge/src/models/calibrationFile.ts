import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError, readJsonObject, shellWord } from '@selfjudge/base';
import { writeJson } from '@selfjudge/base/internal';
import type { FittedCalibration } from '@selfjudge/evaluation';
import { z } from 'zod';

const NAME = 'judge_calibration.json';

const finite = z.number();
const scores = z.strictObject({ cross_entropy: finite, brier: finite });
const schema = z.strictObject({
  /** Of the judge that it was fitted for. */
  fingerprint: z.string().min(1),
  temperature: finite.gt(0),
  temperature_95: z.tuple([finite, finite]),
  tie_threshold: finite.min(0).lt(0.5),
  pairs: z.number().int().min(1),
  before: scores,
  after: scores,
  first_log_odds: finite.optional(),
});

/** What was fitted for a judge, as it lies beside its weights. */
export type StoredCalibration = z.output<typeof schema>;

/** Where the calibration of weights lies: in their folder, of a file beside it. */
export const calibrationPath = (weights: string): string =>
  statSync(weights, { throwIfNoEntry: false })?.isDirectory() ? join(weights, NAME) : `${weights}.${NAME}`;

export const hasCalibration = (weights: string): boolean => existsSync(calibrationPath(weights));

/** @throws FileFormatError naming what is wrong with the file */
export function readCalibration(path: string): StoredCalibration {
  const advice = `judge --calibrate makes a new one after rm ${shellWord(path)}`;
  const { data, error } = schema.safeParse(readJsonObject(path, advice));
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new FileFormatError({
    path,
    expected: `a calibration of a judge (${issue.path.join('.') || 'its keys'}: ${issue.message})`,
    received: 'something else',
    advice,
  });
}

/** Writes what was fitted, whole or not at all. */
export function saveCalibration(path: string, fingerprint: string, fitted: FittedCalibration): Promise<void> {
  const { temperature, tieThreshold, pairs, before, after, firstLogOdds } = fitted;
  const stored: StoredCalibration = {
    fingerprint,
    temperature: temperature.value,
    temperature_95: [temperature.low, temperature.high],
    tie_threshold: tieThreshold,
    pairs,
    before: { cross_entropy: before.crossEntropy, brier: before.brier },
    after: { cross_entropy: after.crossEntropy, brier: after.brier },
    ...(firstLogOdds !== undefined && { first_log_odds: firstLogOdds }),
  };
  return writeJson(path, stored);
}
