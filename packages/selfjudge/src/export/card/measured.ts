import { readJsonObject } from '@selfjudge/base';

/** A figure of an evaluation with its 95% interval. */
export interface Figure {
  name: string;
  value: number;
  low: number;
  high: number;
  n: number;
}

const NAMES: readonly (readonly [path: string, name: string])[] = [
  ['judge.accuracy', 'agreement of its judgments with people'],
  ['baselineJudge.accuracy', 'agreement of the judgments of the baseline with people'],
  ['judge.alwaysLonger', 'always the longer answer, on the same pairs'],
  ['outsideJudge.accuracy', 'agreement of the outside judge with people'],
  ['winRate.outsideJudge.rate', 'win rate against the baseline, by the outside judge'],
  ['winRate.outsideJudge.lengthControlled', 'the same, length-controlled'],
  ['winRate.ownJudge.rate', 'win rate against the baseline, by the judge it was trained on (no evidence)'],
  ['implicitReward.accuracy', 'accuracy of the implicit reward on pairs of people'],
];

/** The figures that an evaluation's file holds. @throws FileFormatError for a file that is no JSON */
export function figuresIn(file: string): Figure[] {
  const json = readJsonObject(file);
  return NAMES.flatMap(([path, name]) => {
    const found = path
      .split('.')
      .reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), json);
    if (!isObject(found)) return [];
    const { value, low, high, n } = found;
    return [value, low, high, n].every(Number.isFinite)
      ? [{ name, value: Number(value), low: Number(low), high: Number(high), n: Number(n) }]
      : [];
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
