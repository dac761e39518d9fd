import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, FileFormatError, readJsonObject, shellWord } from '@selfjudge/base';
import { writeJson } from '@selfjudge/base/internal';
import type { FittedCalibration, LengthScores } from '@selfjudge/evaluation';
import type { Calibration } from '@selfjudge/judging';
import { z } from 'zod';

const NAME = 'judge_calibration.json';

const finite = z.number();
const interval = z.tuple([finite, finite]);
const scores = z.strictObject({ cross_entropy: finite, brier: finite });
const byLength = z.strictObject({
  all: finite.nullable(),
  longer_better: finite.nullable(),
  shorter_better: finite.nullable(),
});
const schema = z.strictObject({
  /** Of the judge that it was fitted for. */
  fingerprint: z.string().min(1),
  temperature: finite.gt(0),
  temperature_95: interval,
  /** Of a calibration by length: nats for an answer e times as long, and how often the judge is right before and after. */
  length_coefficient: finite.optional(),
  length_coefficient_95: interval.optional(),
  accuracy: z.strictObject({ before: byLength, after: byLength }).optional(),
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
function readCalibration(path: string): StoredCalibration {
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

/**
 * The calibration at a path, for a judge.
 * @param fingerprint of the judge, on whatever kernel path
 * @param without how to go without it
 * @throws ConfigError for one of another judge, FileFormatError for a damaged one
 */
export function calibrationFor(
  path: string,
  fingerprint: string,
  without = '--calibration none goes without',
): StoredCalibration {
  const stored = readCalibration(path);
  if (stored.fingerprint === fingerprint) return stored;
  throw new ConfigError({
    key: 'calibration',
    expected:
      `one of this judge, fingerprint ${fingerprint} (judge --calibrate makes one; ${without}): weights, ` +
      'adapter, tokenizer, templates and dtype decide',
    received: `${path}, of ${stored.fingerprint}`,
  });
}

/** What verdicts are calibrated by, in words. @param tieThreshold where it is not its own */
export function calibrationText(
  path: string,
  { length_coefficient: length, temperature, pairs, ...stored }: StoredCalibration,
  tieThreshold = stored.tie_threshold,
): string {
  const equal =
    length === undefined
      ? ''
      : `as at equal lengths (${figure(length)} nats of log-odds for an answer e times as long are taken off), `;
  return (
    `calibrated by ${path}: ${equal}temperature ${figure(temperature)}, ties up to ${figure(tieThreshold)} from 1/2, ` +
    `fitted on ${pairs} pairs`
  );
}

/** Three digits. */
const figure = (value: number): string => String(Number(value.toPrecision(3)));

/** Writes what was fitted, whole or not at all. */
export function saveCalibration(path: string, fingerprint: string, fitted: FittedCalibration): Promise<void> {
  const { temperature, tieThreshold, pairs, before, after, firstLogOdds, length } = fitted;
  const stored: StoredCalibration = {
    fingerprint,
    temperature: temperature.value,
    temperature_95: [temperature.low, temperature.high],
    ...(length !== undefined && {
      length_coefficient: length.coefficient.value,
      length_coefficient_95: [length.coefficient.low, length.coefficient.high],
      accuracy: { before: accuracyOf(length.before), after: accuracyOf(length.after) },
    }),
    tie_threshold: tieThreshold,
    pairs,
    before: { cross_entropy: before.crossEntropy, brier: before.brier },
    after: { cross_entropy: after.crossEntropy, brier: after.brier },
    ...(firstLogOdds !== undefined && { first_log_odds: firstLogOdds }),
  };
  return writeJson(path, stored);
}

/** Of a share of no pairs there is no figure. */
const shareOf = ({ value }: LengthScores['accuracy']): number | null => (Number.isNaN(value) ? null : value);
const accuracyOf = ({ accuracy, longerBetter, shorterBetter }: LengthScores): z.output<typeof byLength> => ({
  all: shareOf(accuracy),
  longer_better: shareOf(longerBetter),
  shorter_better: shareOf(shorterBetter),
});

/** What becomes of verdicts by it. */
export const rulesOf = ({
  temperature,
  length_coefficient,
  tie_threshold,
}: StoredCalibration): Calibration => ({
  temperature,
  ...(length_coefficient !== undefined && { lengthCoefficient: length_coefficient }),
  tieThreshold: tie_threshold,
});
