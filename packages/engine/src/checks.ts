// Checks of models and views. Of our classes they ask for the members that are used, so that a stand-in with the same
// members will do.
import { anything, callback, having, instance, list, object, whole } from '@selfjudge/base/checks';
import { Device } from './tensor/device.js';

/** A sequence of a tree: token ids, and labels in range. */
export { checkSequence as sequence } from './tensor/treeSequence.js';

/** A number that keys randomness on a device. */
export const key = whole(0, 2 ** 32 - 1);
export const dropoutKey = object({ seed: key, step: key });

export const model = having('a Model', {
  config: object({}),
  device: instance(Device),
  layers: list(anything),
  view: callback,
});

/** What scores: all that judging and evaluation need of a view. */
export const scorer = having('a ModelView', {
  score: callback,
  model: object({ config: object({ maxPositions: whole(1) }) }),
});

/** What also samples and trains. */
export const view = having('a ModelView', {
  model,
  adapters: list(anything),
  linear: callback,
  logprobs: callback,
});
