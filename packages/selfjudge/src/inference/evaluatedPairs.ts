import { ArgumentError } from '@selfjudge/base';
import type { PreferencePair, Problem } from '@selfjudge/data';
import { describeProblems, promptAndAnswers, refusable } from '@selfjudge/data/internal';
import type { OpenModel } from '../models/model.js';
import { promptKey, type TrainingData } from '../models/trainingData.js';
import type { Warn } from '../rows/datasets.js';

/**
 * The pairs whose prompts no run before trained on.
 * @param trained what the weights were trained on, as far as it is known
 * @throws ArgumentError when none is left
 */
export function heldOut(
  pairs: readonly PreferencePair[],
  trained: readonly (TrainingData | undefined)[],
  datasetSplit: string,
  warn: Warn,
): PreferencePair[] {
  const known = trained.flatMap((data) => (data?.prompts === undefined ? [] : [data.prompts]));
  if (trained.some((data) => data !== undefined && data.prompts === undefined))
    warn(
      'which prompts the model was trained on is not known, as an earlier version trained it: only the split keeps ' +
        'them apart',
    );
  const left = pairs.filter(({ prompt }) => {
    const key = promptKey(prompt);
    return !known.some((keys) => keys.has(key));
  });
  const lost = pairs.length - left.length;
  if (left.length === 0)
    throw new ArgumentError('dataset_name', {
      where: 'evaluate',
      expected:
        'at least one pair whose prompt the model was not trained on: another file, or train with --dataset_split train ' +
        'and evaluate with --dataset_split test',
      received: `${lost} pairs of the split ${datasetSplit} that it was trained on`,
    });
  if (lost > 0) warn(`${lost} of ${pairs.length} pairs left out, as the model was trained on their prompts`);
  return left;
}

/**
 * Leaves out what training would have left out, and prompts that leave the model no room for an answer.
 * @throws ArgumentError when none is left
 */
export function fittingPairs(
  pairs: readonly PreferencePair[],
  { tokenizer, model }: OpenModel,
  { maxLength, maxNewTokens, baseline }: { maxLength: number; maxNewTokens: number; baseline?: string },
  warn: Warn,
): PreferencePair[] {
  const limit = Math.min(maxLength, model.config.maxPositions);
  const room = baseline === undefined ? limit : Math.min(limit, model.config.maxPositions - maxNewTokens);
  const refused: (Problem & { place: string })[] = [];
  const fitting: PreferencePair[] = [];
  for (const pair of pairs) {
    const { prompt, chosen, rejected, place = pair.id } = pair;
    const { value, problem } = refusable(() => {
      const ids = promptAndAnswers(tokenizer, prompt, [chosen, rejected]);
      return { tokens: ids.prompt.length, longest: Math.max(...ids.answers.map(({ length }) => length)) };
    });
    if (problem) refused.push({ ...problem, place });
    else if (value.tokens <= room && value.tokens + value.longest <= limit) fitting.push(pair);
  }
  const longer = pairs.length - refused.length - fitting.length;
  if (refused.length > 0)
    warn(`${refused.length} of ${pairs.length} pairs left out\n${describeProblems(refused)}`);
  if (longer > 0)
    warn(`${longer} of ${pairs.length} pairs are longer than ${limit} tokens, or their prompt than ${room}`);
  if (fitting.length > 0) return fitting;
  throw new ArgumentError('dataset_name', {
    where: 'evaluate',
    expected: `at least one pair of up to ${limit} tokens with a prompt of up to ${room}`,
    received: [
      ...(longer > 0 ? [`${longer} longer ones`] : []),
      ...(refused.length > 0 ? [`${refused.length} that the chat template refuses`] : []),
    ].join(', '),
  });
}
