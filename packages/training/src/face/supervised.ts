// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  checked,
  checkedAsync,
  instance,
  kind,
  limit,
  list,
  object,
  oneOf,
  optional,
  options,
  text,
  type Check,
} from '@selfjudge/base/checks';
import { optionsOfFields } from '@selfjudge/base/fields';
import { TreeBatch } from '@selfjudge/engine';
import { dropoutKey, sequence, view } from '@selfjudge/engine/checks';
import { messages, prompt, tokenizer } from '@selfjudge/text/checks';
import * as accumulating from '../losses/accumulate.js';
import * as is from '../checks.js';
import * as jsft from '../methods/jsft.js';
import * as preparing from '../methods/prepare.js';
import * as sft from '../methods/sft.js';
import * as supervised from '../losses/supervised.js';

const examples = list(is.isSupervised);
const someExamples = list(is.isSupervised, 1);

export const accumulate = checkedAsync(
  'accumulate',
  {
    view,
    tree: instance(TreeBatch),
    gradient: kind(
      'a Float32Array or a function',
      (value) => value instanceof Float32Array || typeof value === 'function',
    ),
    dropout: optional(dropoutKey),
  },
  accumulating.accumulate,
);
const named = object({ id: text });
const conversation = object({ messages });
const standard = object({ prompt: object({ text }), completion: text });
const isSftExample: Check = (value, what, where) => {
  named(value, what, where);
  ('prompt' in (value as object) ? standard : conversation)(value, what, where);
};
export const prepareSft = checked(
  'prepareSft',
  {
    tokenizer,
    rows: list(isSftExample),
    options: options({ maxLength: limit, trainOn: optional(oneOf('last', 'all')) }),
  },
  preparing.prepareSft,
);
export const preparePairs = checked(
  'preparePairs',
  {
    tokenizer,
    rows: list(object({ id: text, prompt, chosen: text, rejected: text })),
    options: options({ maxLength: limit }),
  },
  preparing.preparePairs,
);
export const preparePrompts = checked(
  'preparePrompts',
  {
    tokenizer,
    rows: list(object({ id: text, prompt })),
    options: options({ maxPromptLength: limit }),
  },
  preparing.preparePrompts,
);
export const sftExample = checked('sftExample', { sequence, id: text }, supervised.sftExample);
export const judgeExample = checked(
  'judgeExample',
  {
    judged: object({ sequences: list(sequence), kinds: list(list(oneOf('verdict', 'rationale'))) }),
    id: text,
  },
  supervised.judgeExample,
);
export const labelWeights = checked(
  'labelWeights',
  { examples, options: is.jsftLossOptions },
  supervised.labelWeights,
);
export const supervisedBackward = checkedAsync(
  'supervisedBackward',
  {
    policy: view,
    examples,
    options: is.jsftLossOptions,
    tokenBudget: limit,
    dropout: optional(dropoutKey),
    signal: optional(abortSignal),
  },
  supervised.supervisedBackward,
);
export const sftTask = checked(
  'sftTask',
  {
    trainable: is.isTrainable,
    examples: someExamples,
    options: optionsOfFields(sft.sft.fields),
    heldOut: optional(examples),
  },
  sft.sftTask,
);
export const supervisedStep = checkedAsync(
  'supervisedStep',
  {
    examples,
    run: object({
      trainable: is.isTrainable,
      optimizer: is.isOptimizer,
      loss: is.jsftLossOptions,
      options: optionsOfFields(sft.sft.fields),
    }),
    at: is.isStep,
  },
  sft.supervisedStep,
);
export const jsftTask = checked(
  'jsftTask',
  {
    trainable: is.isTrainable,
    data: object({ sft: examples, judge: someExamples, heldOut: optional(examples) }),
    options: optionsOfFields(jsft.jsft.fields),
  },
  jsft.jsftTask,
);
