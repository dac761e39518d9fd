// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  checked,
  checkedAsync,
  flag,
  limit,
  list,
  measured,
  number,
  object,
  optional,
  options,
  text,
} from '@selfjudge/base/checks';
import { checksOf, optionsOfFields } from '@selfjudge/base/fields';
import { view } from '@selfjudge/engine/checks';
import { prompt, tokenId, tokenizer } from '@selfjudge/text/checks';
import * as is from '../checks.js';
import * as losses from '../losses/ktoLoss.js';
import * as updates from '../losses/ktoUpdate.js';
import * as kto from '../methods/kto.js';
import { ktoFields } from '../options/kto.js';

const row = object({ id: text, prompt: list(tokenId), answer: list(tokenId, 1), label: flag });
const ktoOptions = optionsOfFields(kto.kto.fields, kto.ktoFaults);

export const ktoLoss = checked(
  'ktoLoss',
  {
    answers: list(object({ logp: measured, reference: measured, label: flag })),
    z: number({ min: 0 }),
    options: optionsOfFields(ktoFields),
  },
  losses.ktoLoss,
);
export const ktoDivergence = checked(
  'ktoDivergence',
  { others: list(object({ logp: measured, reference: measured })) },
  losses.ktoDivergence,
);
export const ktoBackward = checkedAsync(
  'ktoBackward',
  {
    rows: list(row),
    views: object({ policy: view, reference: view }),
    options: options({ ...checksOf(ktoFields), maxLength: limit, tokenBudget: limit }),
    at: optional(object({ signal: optional(abortSignal) })),
  },
  updates.ktoBackward,
);
export const prepareLabelled = checked(
  'prepareLabelled',
  {
    tokenizer,
    rows: list(object({ id: text, prompt, completion: text, label: flag })),
    options: options({ maxLength: limit }),
  },
  kto.prepareLabelled,
);
export const ktoTask = checked(
  'ktoTask',
  {
    trainable: is.isPreferenceTrainable,
    rows: list(row, 1),
    options: ktoOptions,
    heldOut: optional(list(row)),
  },
  kto.ktoTask,
);
export const ktoStep = checkedAsync(
  'ktoStep',
  {
    rows: list(row),
    run: object({ trainable: is.isPreferenceTrainable, optimizer: is.isOptimizer, options: ktoOptions }),
    at: is.isStep,
  },
  kto.ktoStep,
);
