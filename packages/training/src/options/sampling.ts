import { choiceField, numberField, wholeField, type OptionsOf } from '@selfjudge/base/fields';

export const samplingFields = {
  maxNewTokens: wholeField(128, 1, 'tokens of an answer at most'),
  temperature: numberField(1, { min: 0 }, '0 takes the most probable token'),
  topP: numberField(0.9, { above: 0, max: 1 }, 'nucleus sampling; 1 for off'),
  /** 0 for no limit. */
  topK: wholeField(0, 0, 'most probable tokens to sample from; 0 for all'),
};

export const promptFields = {
  /** Prompts longer than this are dropped and counted. */
  maxPromptLength: wholeField(512, 1, 'tokens; longer prompts are dropped and counted'),
  ...samplingFields,
  /** What becomes of an answer cut before its end token: no pair at all, judged as it is, or it loses to a finished one. */
  missingEos: choiceField('drop', ['drop', 'keep', 'lose'], 'what becomes of an answer cut before its end'),
  /** What becomes of a verdict for neither: no pair, or the second answer wins, as in the code of arXiv 2402.11253. */
  ties: choiceField('drop', ['drop', 'second'], 'what becomes of a tie: no pair, or the second answer wins'),
};
/** Which pairs of answers are trained on. */
export type Keeping = Pick<OptionsOf<typeof promptFields>, 'missingEos' | 'ties'>;
