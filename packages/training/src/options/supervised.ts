import { choiceField, numberField, wholeField, type OptionsOf } from '@selfjudge/base/fields';

export const lengthFields = {
  /**
   * Tokens of prompt and answer at most. Longer answers are cut and lose their end token; examples whose prompt leaves
   * no room, and judge examples that are longer, are dropped. Both are counted.
   */
  maxLength: wholeField(
    1024,
    1,
    'tokens of prompt and answer at most: longer answers are cut, prompts without room left out, both counted',
  ),
};

export const answerFields = {
  ...lengthFields,
  /** Assistant turns that are labels. */
  trainOn: choiceField('last', ['last', 'all'], 'assistant turns that are labels'),
};

export const jsftLossFields = {
  /**
   * `task`: sftWeight x mean over SFT tokens + judgeWeight x mean over verdicts + rationaleWeight x mean over rationale tokens, each
   * over the whole optimizer step. `token`: the plain mean over all of them, in which one-token verdicts drown; the
   * weights are not read.
   */
  lossNormalization: choiceField('task', ['task', 'token'], 'mean over each task, or the plain token mean'),
  /** 0: no demonstration is read, and the model learns to judge alone. */
  sftWeight: numberField(1, { min: 0 }, 'weight of the mean over SFT tokens; 0 to teach judging alone'),
  judgeWeight: numberField(1, { min: 0 }, 'weight of the mean over verdicts'),
  rationaleWeight: numberField(1, { min: 0 }, 'weight of the mean over rationale tokens'),
};
export type JsftLossOptions = OptionsOf<typeof jsftLossFields>;
export type LossNormalization = JsftLossOptions['lossNormalization'];
