import { ArgumentError } from '@selfjudge/base';
import { Device, RewardModel } from '@selfjudge/engine';
import { findModel } from '@selfjudge/engine/internal';
import type { Scorer } from '@selfjudge/judging';
import { rewardScorer } from '@selfjudge/judging/internal';
import type { TemplateSettings, Tokenizer } from '@selfjudge/text';
import { withChatTemplate } from '@selfjudge/text/internal';
import type { ModelOptions } from './model.js';
import { savedArguments, settingsOf } from './templateSettings.js';

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
  { device = 'auto', dtype = 'bf16', adapter, chatTemplate, ...told }: ModelOptions = {},
): Promise<OpenReward> {
  if (adapter !== undefined)
    throw new ArgumentError('adapter', {
      where: 'openRewardModel',
      expected: 'none: give the folder of the reward model alone, which names its base',
      received: adapter,
    });
  const reward = await RewardModel.load(path, { device: Device.open(device), dtype });
  try {
    const own = reward.tokenizer;
    if (own === undefined)
      throw new ArgumentError('model_name_or_path', {
        where: 'openRewardModel',
        expected: 'a reward model with a tokenizer (tokenizer.json or tokenizer.model in its folder)',
        received: path,
      });
    const chosen = chatTemplate === undefined ? own : withChatTemplate(own, chatTemplate);
    const where = findModel(path).path;
    const templateSettings = settingsOf(chosen, savedArguments(where), told);
    const tokenizer = chosen.withTemplate(templateSettings);
    const scorer = rewardScorer(reward, tokenizer);
    return { reward, scorer, tokenizer, templateSettings, path: where, dispose: () => reward.dispose() };
  } catch (error) {
    reward.dispose();
    throw error;
  }
}
