import { defaultsOf, type OptionFault } from '@selfjudge/base/fields';
import { preferenceFields, type PreferenceOptions } from '../options/preference.js';
import { LOSS_OPTIONS, LOSS_TYPES, type LossOption, type LossType } from '../options/lossNames.js';
import { LOSSES } from './lossTable.js';
import { lossTerms } from './lossTerms.js';

const defaults = defaultsOf(preferenceFields);

/** What of the options cannot be: weights without their losses, and what no loss of them reads. */
export function lossFaults(options: PreferenceOptions): OptionFault[] {
  const { lossWeights, labelSmoothing } = options;
  const types = lossTerms(options).map(({ type }) => type);
  const faults: OptionFault[] = [];
  if (lossWeights.length > 0 && lossWeights.length !== types.length)
    faults.push({
      key: 'lossWeights',
      expected: `as many as losses, ${types.length} (${types.join(', ')}), or none`,
      received: lossWeights,
    });
  if (types.includes('exo_pair') && labelSmoothing === 0)
    faults.push({
      key: 'labelSmoothing',
      expected: 'above 0 with exo_pair, which takes its logarithm (1e-3 in arXiv 2402.00856)',
      received: labelSmoothing,
    });
  for (const key of LOSS_OPTIONS) {
    if (options[key] === defaults[key] || types.some((type) => reads(type, key))) continue;
    const readers = LOSS_TYPES.filter((type) => reads(type, key));
    faults.push({
      key,
      expected: `${defaults[key]} with ${types.join(' and ')}: it is read by ${readers.join(', ')} alone`,
      received: options[key],
    });
  }
  return faults;
}

const reads = (type: LossType, key: LossOption): boolean => LOSSES[type].reads.includes(key);
