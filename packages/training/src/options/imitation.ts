import { numberField, wholeField, withDefaults } from '@selfjudge/base/fields';
import { loopFields } from './loop.js';
import { signalFields } from './judgeSignal.js';
import { promptFields, samplingFields } from './sampling.js';

/** Of methods that imitate the best of their own answers. */
export const imitationFields = {
  ...withDefaults(loopFields, { learningRate: 5e-5 }),
  maxPromptLength: promptFields.maxPromptLength,
  ...withDefaults(samplingFields, { topP: 1 }),
  /** TRL's name. */
  numGenerations: wholeField(8, 2, 'answers of the policy a prompt'),
  /** Only with `keep` an answer cut before its end is imitated, and teaches not to end. */
  missingEos: promptFields.missingEos,
  ...signalFields,
};

/** Of ReST: how a run is cut into rounds, and which answers each part imitates. */
export const roundFields = {
  growSteps: wholeField(1, 1, 'times that the policy answers all prompts; each is followed by improve_steps'),
  improveSteps: wholeField(
    3,
    1,
    'parts of a round, each on the answers above a higher quantile of the reward',
  ),
  firstQuantile: numberField(
    0.5,
    { min: 0, below: 1 },
    'of the first part; the others rise from there in equal steps towards 1',
  ),
};
