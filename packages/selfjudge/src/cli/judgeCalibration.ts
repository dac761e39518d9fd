import { ConfigError } from '@selfjudge/base';
import { fitCalibration, LEAST_PAIRS } from '@selfjudge/evaluation/internal';
import type { Calibration, Verdict } from '@selfjudge/judging';
import { calibrated } from '@selfjudge/judging/internal';
import { knownLabel, knownVerdicts } from '../inference/knownVerdicts.js';
import {
  calibrationPath,
  hasCalibration,
  readCalibration,
  saveCalibration,
} from '../models/calibrationFile.js';
import type { InputRow } from '../rows/rows.js';
import type { AskedJudge, JudgeOptions } from './askedJudge.js';
import { leads } from './exit.js';
import { hashOf } from './judgeOrigin.js';
import { figure, interval, table } from './table.js';

type CalibrationOptions = Pick<JudgeOptions, 'calibrate' | 'calibration' | 'tieThreshold' | 'leastMass'>;

/** The file that a calibration is read from or written to; undefined where there is none. */
function pathFor(
  { weights }: AskedJudge,
  { calibrate, calibration }: CalibrationOptions,
): string | undefined {
  if (calibration === 'none') return undefined;
  if (calibration !== 'auto') return calibration;
  if (weights === undefined) return undefined;
  return calibrate || hasCalibration(weights) ? calibrationPath(weights) : undefined;
}

/**
 * A judge with the calibration that lies beside its weights or is named, and the thresholds that are asked for. To be calibrated it is
 * asked as it is.
 * @throws ConfigError for a calibration of another judge, FileFormatError for a damaged one
 */
export function withCalibration(
  asked: AskedJudge,
  options: CalibrationOptions,
  say: (line: string) => void,
): AskedJudge {
  if (options.calibrate) return asked;
  const path = pathFor(asked, options);
  const stored = path === undefined ? undefined : readCalibration(path);
  if (stored !== undefined && stored.fingerprint !== asked.anyPath)
    throw new ConfigError({
      key: 'calibration',
      expected:
        `one of this judge, fingerprint ${asked.anyPath} (judge --calibrate makes one; --calibration none goes without): weights, ` +
        'adapter, tokenizer, templates and dtype decide',
      received: `${path}, of ${stored.fingerprint}`,
    });
  const { tieThreshold = stored?.tie_threshold, leastMass } = options;
  const rules: Calibration = {
    ...(stored !== undefined && { temperature: stored.temperature }),
    ...(tieThreshold !== undefined && { tieThreshold }),
    ...(leastMass !== undefined && { leastMass }),
  };
  if (Object.keys(rules).length === 0) return asked;
  if (stored !== undefined)
    say(
      `note: calibrated by ${path}: temperature ${figure(stored.temperature)}, ties up to ${figure(tieThreshold ?? 0)} from 1/2, ` +
        `fitted on ${stored.pairs} pairs`,
    );
  const calibration = hashOf(rules);
  return {
    ...asked,
    judge: calibrated(asked.judge, rules),
    origin: { ...asked.origin, contents: { ...asked.origin.contents, calibration } },
    fingerprint: hashOf([asked.fingerprint, calibration]),
  };
}

/**
 * Looks before any work whether a judge can be calibrated by rows.
 * @throws ConfigError where there is no place for it, or too few labels
 */
export function assertCalibratable(
  asked: AskedJudge,
  options: CalibrationOptions,
  rows: readonly InputRow<unknown>[],
): void {
  if (!options.calibrate) return;
  if (pathFor(asked, options) === undefined)
    throw new ConfigError({
      key: 'calibration',
      expected: 'a file to be written, as no weights lie here to put it beside',
      received: options.calibration,
    });
  const labelled = rows.filter((row) => row.problem === undefined && knownLabel(row) !== undefined).length;
  if (labelled < LEAST_PAIRS)
    throw new ConfigError({
      key: 'calibrate',
      expected: `at least ${LEAST_PAIRS} labelled rows (chosen and rejected, or a winner), none of which it was trained on`,
      received: labelled,
    });
}

/** Fits the calibration of a judge by its verdicts on labelled rows, writes it, and says how it came out. */
export async function calibrateBy(
  asked: AskedJudge,
  options: CalibrationOptions,
  rows: readonly InputRow<unknown>[],
  verdicts: readonly Verdict[],
): Promise<string> {
  const path = pathFor(asked, options)!;
  const fitted = fitCalibration(knownVerdicts(rows, verdicts));
  if (leads()) await saveCalibration(path, asked.anyPath, fitted);
  const { temperature, tieThreshold, pairs, before, after, firstLogOdds } = fitted;
  const scores = table(
    [`of ${pairs} pairs`, 'before', 'after'],
    [
      ['cross-entropy, nats', before.crossEntropy.toFixed(3), after.crossEntropy.toFixed(3)],
      ['Brier score', before.brier.toFixed(3), after.brier.toFixed(3)],
    ],
  );
  const position =
    firstLogOdds === undefined
      ? ''
      : `; log-odds of ${firstLogOdds.toFixed(2)} for whoever is shown first are taken off by asking in both orders`;
  return (
    `Temperature ${interval(temperature)}, ties up to ${figure(tieThreshold)} from 1/2${position}\n${scores}\n` +
    `(after: each fifth by the temperature of the others; 0.693 and 0.250 are those of saying 1/2)\nwritten to ${path}`
  );
}
