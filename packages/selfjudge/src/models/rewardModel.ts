import { ArgumentError } from '@selfjudge/base';
import { Device, RewardModel } from '@selfjudge/engine';
import { findModel, readReward } from '@selfjudge/engine/internal';
import type { Scorer } from '@selfjudge/judging';
import { rewardScorer } from '@selfjudge/judging/internal';
import type { TemplateSettings, Tokenizer } from '@selfjudge/text';
import { openedFrom, type ModelOptions, type OpenModel } from './model.js';
import { toldTokenizer } from './toldTokenizer.js';

/** A reward model ready to work, with its own tokenizer. */
export interface OpenReward {
  reward: RewardModel;
  scorer: Scorer;
  tokenizer: Tokenizer;
  templateSettings: TemplateSettings;
  path: string;
  dispose(): void;
}

/**
 * Opens a reward model: a folder of sequence classification with one label, a PEFT adapter for one, a run of `reward`.
 * @throws FileFormatError for what is none, ArgumentError for one without a tokenizer
 */
export async function openRewardModel(
  path: string,
  { device = 'auto', dtype = 'bf16', adapter, ...told }: ModelOptions = {},
): Promise<OpenReward> {
  if (adapter !== undefined)
    throw new ArgumentError('adapter', {
      where: 'openRewardModel',
      expected: 'none: give the folder of the reward model alone, which names its base',
      received: adapter,
    });
  const reward = await RewardModel.load(path, { device: Device.open(device), dtype });
  try {
    const folder = findModel(path).path;
    const at = { where: 'openRewardModel', received: path };
    const { tokenizer, templateSettings } = toldTokenizer(reward.tokenizer, folder, told, at);
    const scorer = rewardScorer(reward, tokenizer);
    return { reward, scorer, tokenizer, templateSettings, path: folder, dispose: () => reward.dispose() };
  } catch (error) {
    reward.dispose();
    throw error;
  }
}

/**
 * Opens a reward model for its training to go on: a folder of sequence classification with one label, a PEFT adapter for one,
 * a run of `reward`. Weights and adapter as `openModel` gives them, and the values of its head.
 * @throws FileFormatError for what is none, ArgumentError for one without a tokenizer
 */
export async function openRewardStart(
  path: string,
  { device = 'auto', dtype = 'bf16', ...options }: ModelOptions = {},
): Promise<OpenModel> {
  const { score, padTokenId: _, ...loaded } = await readReward(path, { device: Device.open(device), dtype });
  try {
    const at = { where: 'openRewardStart', received: path };
    return { ...openedFrom(loaded, findModel(path).path, options, at), head: score };
  } catch (error) {
    loaded.adapter?.dispose();
    loaded.model.dispose();
    throw error;
  }
}
