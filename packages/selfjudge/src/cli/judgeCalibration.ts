import { ConfigError } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import { fitCalibration, LEAST_PAIRS, type FittedLength } from '@selfjudge/evaluation/internal';
import type { Calibration, Verdict } from '@selfjudge/judging';
import { calibrated } from '@selfjudge/judging/internal';
import { knownLabel, knownVerdicts } from '../inference/knownVerdicts.js';
import {
  calibrationFor,
  calibrationPath,
  calibrationText,
  hasCalibration,
  rulesOf,
  saveCalibration,
} from '../models/calibrationFile.js';
import { hashOf } from '../models/judgeOrigin.js';
import type { InputRow } from '../rows/rows.js';
import type { AskedJudge, JudgeOptions } from './askedJudge.js';
import { leads } from './exit.js';
import { figure, interval, table } from './table.js';

/** How verdicts are calibrated, of every verb that judges rows. */
export type CalibratedOptions = Pick<JudgeOptions, 'calibration' | 'tieThreshold' | 'leastMass'>;
type CalibrationOptions = CalibratedOptions & Pick<JudgeOptions, 'calibrate' | 'lengthControlled'>;

/** The file that a calibration is read from or written to; undefined where there is none. */
function pathFor(
  { weights }: AskedJudge,
  { calibrate, calibration }: CalibratedOptions & { calibrate?: boolean },
): string | undefined {
  if (calibration === 'none') return undefined;
  if (calibration !== 'auto') return calibration;
  if (weights === undefined) return undefined;
  return calibrate || hasCalibration(weights) ? calibrationPath(weights) : undefined;
}

/**
 * A judge with the calibration that lies beside its weights or is named, and the thresholds that are asked for.
 * @throws ConfigError for a calibration of another judge, FileFormatError for a damaged one
 */
export function withCalibration(
  asked: AskedJudge,
  options: CalibratedOptions,
  say: (line: string) => void,
): AskedJudge {
  const path = pathFor(asked, options);
  const stored = path === undefined ? undefined : calibrationFor(path, asked.anyPath);
  const { tieThreshold = stored?.tie_threshold, leastMass } = options;
  const rules: Calibration = {
    ...(stored !== undefined && rulesOf(stored)),
    ...(tieThreshold !== undefined && { tieThreshold }),
    ...(leastMass !== undefined && { leastMass }),
  };
  if (Object.keys(rules).length === 0) return asked;
  if (path !== undefined && stored !== undefined) say(`note: ${calibrationText(path, stored, tieThreshold)}`);
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
  rows: readonly InputRow<AnswerPair>[],
  verdicts: readonly Verdict[],
): Promise<string> {
  const path = pathFor(asked, options)!;
  const known = knownVerdicts(rows, verdicts);
  const fitted = fitCalibration(
    known.map((pair, i) => ({ ...pair, lengths: lengthsOf(rows[i]) })),
    { byLength: options.lengthControlled },
  );
  if (leads()) await saveCalibration(path, asked.anyPath, fitted);
  const { temperature, tieThreshold, pairs, before, after, firstLogOdds, length } = fitted;
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
    `${length === undefined ? '' : lengthText(length)}Temperature ${interval(temperature)}, ties up to ${figure(tieThreshold)} from 1/2${position}\n${scores}\n` +
    `(after: each fifth by what the others say; 0.693 and 0.250 are those of saying 1/2)\nwritten to ${path}`
  );
}

/** A row without two answers has no verdict either. */
const lengthsOf = ({ value }: InputRow<AnswerPair>): [number, number] =>
  value === undefined ? [0, 0] : [value.completions[0].length, value.completions[1].length];

function lengthText({ coefficient, before, after }: FittedLength): string {
  const rates = [
    ['all', ({ accuracy }) => accuracy],
    ['where the longer is better', ({ longerBetter }) => longerBetter],
    ['where the shorter is better', ({ shorterBetter }) => shorterBetter],
    ['the longer one wins', ({ longerWins }) => longerWins],
  ] as const satisfies [string, (scores: FittedLength['before']) => FittedLength['before']['accuracy']][];
  return (
    `Length ${interval(coefficient)} nats of log-odds for an answer e times as long, the label being equal\n` +
    `${table(
      ['right, by the log-odds', 'before', 'at equal lengths', 'n'],
      rates.map(([name, of]) => [name, interval(of(before)), interval(of(after)), String(of(before).n)]),
    )}\n`
  );
}
