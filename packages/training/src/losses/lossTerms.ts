import type { PreferenceOptions } from '../options/preference.js';
import type { LossType } from '../options/lossNames.js';
import { LOSSES } from './lossTable.js';

/** A loss in a mix. */
export interface LossTerm {
  type: LossType;
  weight: number;
}

/** The losses that options ask for, each with its weight: 1 where none is given. */
export function lossTerms({
  lossType,
  lossWeights,
}: Pick<PreferenceOptions, 'lossType' | 'lossWeights'>): LossTerm[] {
  return [lossType].flat().map((type, i) => ({ type, weight: lossWeights[i] ?? 1 }));
}

/** Whether any of the losses is about a reference. */
export const needsReference = (options: Pick<PreferenceOptions, 'lossType' | 'lossWeights'>): boolean =>
  lossTerms(options).some(({ type }) => LOSSES[type].reference);

/** Whether a step learns from rankings of several answers, and not from pairs: of two answers the two are one. */
export const isRanked = (
  options: Pick<PreferenceOptions, 'lossType' | 'lossWeights'> & { numGenerations: number },
): boolean => options.numGenerations > 2 && lossTerms(options)[0].type === 'plackett_luce';

/** The losses in words: `sigmoid`, or `sigmoid + 0.2 sft`. */
export const lossText = (options: Pick<PreferenceOptions, 'lossType' | 'lossWeights'>): string =>
  lossTerms(options)
    .map(({ type, weight }) => (weight === 1 ? type : `${weight} ${type}`))
    .join(' + ');
