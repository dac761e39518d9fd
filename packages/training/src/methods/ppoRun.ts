import { withDefaults, type OptionsOf } from '@selfjudge/base/fields';
import type { Judge } from '@selfjudge/judging';
import type { Tokenizer } from '@selfjudge/text';
import { loopFields } from '../options/loop.js';
import { ppoFields } from '../options/ppo.js';
import { promptFields } from '../options/sampling.js';
import type { ValueTrainable } from '../optimizer/valueTrainable.js';

export const fields = {
  ...withDefaults(loopFields, { learningRate: 1e-5 }),
  maxPromptLength: promptFields.maxPromptLength,
  maxNewTokens: promptFields.maxNewTokens,
  ...ppoFields,
};
export type PpoOptions = OptionsOf<typeof fields>;

/** What PPO works with. */
export interface PpoRun {
  trainable: ValueTrainable;
  /** Whose number is the score: of `fromScorer` the scorer's own, of any other judge the chance of winning. */
  judge: Judge;
  tokenizer: Tokenizer;
  options: PpoOptions;
}
